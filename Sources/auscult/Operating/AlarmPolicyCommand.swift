import Alarms
import ArgumentParser
import Ledger
import Plant

extension AlarmCommand {
    struct Policy: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets when the alarms of a machine or a type are raised and cleared, and what to do then.",
            discussion: """
                An alarm is raised by so many anomalous clips among the last ones, and cleared by so many clear ones \
                in a row. What a machine does not set, its type does not either, is as the plant's. \
                The broker reads it within a second.

                Example: auscult alarm policy fan/id_00 --anomalous 4 --among 6 --on-delay 5m --guidance 'call line 3'
                """)
        @Argument(help: "TYPE or TYPE/ID.") var machine: String
        @Option(help: "Anomalous clips that raise an alarm.") var anomalous: Int?
        @Option(help: "The last clips, among which these are counted.") var among: Int?
        @Option(help: "Clear clips in a row that end it.") var clear: Int?
        @Option(help: "Part of the way to the threshold that neither raises nor clears, 0 to 0.9.")
        var deadBand: Double?
        @Option(help: "For so long before it is raised.") var onDelay: TimeSpan?
        @Option(help: "For so long before it is cleared.") var offDelay: TimeSpan?
        @Option(help: "No other alarm for so long after it.") var holdOff: TimeSpan?
        @Option(help: "A machine silent for longer has no data.") var silence: TimeSpan?
        @Option(help: "1, the most urgent, to 3.") var priority: Int?
        @Option(help: "What whoever sees the alarm should do.") var guidance: String?
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard MachineName(type: machineType, id: machineID ?? "id") != nil else {
                throw ValidationError("'\(machine)' is neither a type nor a machine, such as fan or fan/id_00.")
            }
            if let priority, !(1...3).contains(priority) { throw ValidationError("--priority is 1, 2 or 3.") }
        }

        func run() throws {
            let ledger = try database.ledger()
            let policies = try ledger.alarmPolicies()
            var policy = policies.ofTypes[machineType] ?? policies.ofPlant
            if let id = machineID, let name = MachineName(type: machineType, id: id) { policy = policies[name] }
            change(&policy)
            if let flaw = policy.flaw { throw CommandFailure("\(machine): \(flaw)", status: .usage) }
            try ledger.setAlarms(
                type: machineType, id: machineID, policy: policy, priority: priority, guidance: guidance,
                by: Author.name)
            if output.json { return try Console.json(policy) }
            Console.line(
                "\(machine): raised by \(policy.anomalous) of \(policy.among), cleared by \(policy.clear) in a row; "
                    + "no data after \(policy.silence / 1_000_000) s")
        }

        private var machineType: String { String(machine.prefix { $0 != "/" }) }
        private var machineID: String? { machine.contains("/") ? String(machine.drop { $0 != "/" }.dropFirst()) : nil }

        private func change(_ policy: inout WatchPolicy) {
            policy.anomalous = anomalous ?? policy.anomalous
            policy.among = among ?? policy.among
            policy.clear = clear ?? policy.clear
            policy.deadBand = deadBand ?? policy.deadBand
            policy.onDelay = onDelay?.microseconds ?? policy.onDelay
            policy.offDelay = offDelay?.microseconds ?? policy.offDelay
            policy.holdOff = holdOff?.microseconds ?? policy.holdOff
            policy.silence = silence?.microseconds ?? policy.silence
        }
    }
}

/// A span of time as people type it: `90s`, `30m`, `8h`, `7d`.
struct TimeSpan: ExpressibleByArgument, CustomStringConvertible {
    private static let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]

    let seconds: Double

    init(seconds: Double) { self.seconds = seconds }

    /// Nil for what is no number with a unit, and beyond ten years.
    init?(argument: String) {
        guard let unit = argument.last.flatMap({ Self.units[$0] }), let number = Double(argument.dropLast()),
            (0...3e8).contains(number * unit)
        else { return nil }
        seconds = number * unit
    }

    var microseconds: Int64 { Int64(seconds * 1e6) }
    var description: String { "\(Int(seconds))s" }
    var defaultValueDescription: String { seconds == 8 * 3_600 ? "8h" : description }
}
