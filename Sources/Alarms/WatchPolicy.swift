package import Plant

/// When a machine's clips raise an alarm, and when they end it.
///
/// Times are in microseconds. Raising needs `anomalous` of the last `among` clips, and that for `onDelay`; ending needs
/// `clear` clips in a row that lie below the dead band, and that for `offDelay`.
package struct WatchPolicy: Sendable, Hashable, Codable {
    /// 1...among.
    package var anomalous = 3
    /// 1...64.
    package var among = 5
    /// At least 1.
    package var clear = 5
    /// The part of the way from the machine's usual score up to its threshold that neither raises nor ends; 0...0.9.
    package var deadBand = 0.1
    package var onDelay: Int64 = 0
    package var offDelay: Int64 = 0
    /// For so long after an alarm no other is raised.
    package var holdOff: Int64 = 0
    /// A machine that is silent for longer has no data.
    package var silence: Int64 = 600_000_000

    package init() {}

    /// Why these values cannot be worked with; nil when they can.
    package var flaw: String? {
        if !(1...64).contains(among) { return "among is \(among), not 1 to 64 clips" }
        if !(1...among).contains(anomalous) { return "anomalous is \(anomalous), not 1 to \(among) clips" }
        if !(1...1_000).contains(clear) { return "clear is \(clear), not 1 to 1000 clips" }
        if !(0...0.9).contains(deadBand) { return "the dead band is \(deadBand), not 0 to 0.9" }
        if [onDelay, offDelay, holdOff].contains(where: { !(0...Self.longest).contains($0) }) {
            return "a delay is not 0 to 30 days"
        }
        return (1_000_000...Self.longest).contains(silence) ? nil : "silence is not 1 s to 30 days"
    }

    private static let longest: Int64 = 30 * 86_400_000_000
}

/// Whose alarms follow which policy: a machine's own, else its type's, else the plant's.
package struct AlarmPolicies: Sendable, Hashable {
    package var ofPlant = WatchPolicy()
    package var ofTypes: [String: WatchPolicy] = [:]
    package var ofMachines: [MachineName: WatchPolicy] = [:]

    package init() {}

    package subscript(machine: MachineName) -> WatchPolicy {
        ofMachines[machine] ?? ofTypes[machine.type] ?? ofPlant
    }
}
