import Plant

/// What sites have pushed lately, so that none takes all of the disk and nobody can invent sites and machines without end.
struct SiteUse {
    private static let day: Microseconds = 86_400_000_000

    private let dailyBytes: Int?
    private let siteLimit: Int
    private let machineLimit: Int
    /// The machines of every site that has pushed something since the broker started.
    private var machines: [String: Set<MachineName>] = [:]
    private var machineCount = 0
    /// Accepted within the present day, by site.
    private var bytes: [String: Int] = [:]
    private var today: Microseconds = 0

    init(configuration: BrokerConfiguration) {
        dailyBytes = configuration.dailySiteBytes
        siteLimit = configuration.siteLimit
        machineLimit = configuration.machineLimit
    }

    /// Why a clip may not come in, nil when it may.
    mutating func objection(to clip: ClipRecord, now: Microseconds) -> Refusal? {
        if now / Self.day != today { (today, bytes) = (now / Self.day, [:]) }
        if let dailyBytes, bytes[clip.site, default: 0] + Int(clip.location.length) > dailyBytes {
            return .overQuota(site: clip.site, limit: dailyBytes)
        }
        guard let known = machines[clip.site] else {
            return machines.count < siteLimit ? nil : .tooManySites(limit: siteLimit)
        }
        guard known.contains(clip.machine) || machineCount < machineLimit else {
            return .tooManyMachines(limit: machineLimit)
        }
        return nil
    }

    /// A clip was accepted.
    mutating func count(_ clip: ClipRecord) {
        bytes[clip.site, default: 0] += Int(clip.location.length)
        if machines[clip.site, default: []].insert(clip.machine).inserted { machineCount += 1 }
    }
}
