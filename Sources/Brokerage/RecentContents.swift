import Plant

/// What each sensor delivered lately, so that a recording that comes again as if it were new is noticed: a sensor or a
/// recorder that is stuck. A broker that starts anew has heard nothing yet.
struct RecentContents {
    private struct Sensor: Hashable {
        let site: String
        let machine: MachineName
        let channel: Int
    }

    private static let contentsPerSensor = 8

    private let sensorLimit: Int
    /// Two generations, as with the keys.
    private var young: [Sensor: [ContentHash]] = [:]
    private var old: [Sensor: [ContentHash]] = [:]

    init(sensorLimit: Int = 100_000) { self.sensorLimit = sensorLimit }

    /// Takes note of a new clip; returns whether its sensor delivered the same bytes lately.
    mutating func isRepeat(_ clip: ClipRecord) -> Bool {
        let sensor = Sensor(site: clip.site, machine: clip.machine, channel: clip.channel)
        var contents = young[sensor] ?? old[sensor] ?? []
        if young[sensor] == nil, young.count >= max(sensorLimit / 2, 1) {
            old = young
            young = [:]
        }
        defer { young[sensor] = contents }
        if contents.contains(clip.sha256) { return true }
        contents.append(clip.sha256)
        if contents.count > Self.contentsPerSensor { contents.removeFirst() }
        return false
    }
}
