import Alarms
import ArgumentParser
import Ledger
import Plant

struct AlarmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alarm", abstract: "Lists, acknowledges, shelves and closes alarms.",
        discussion: """
            A machine has one alarm of a kind: anomaly, sensor fault, no data or drift. An acknowledgement lasts until \
            the machine sounds normal again. The same in SQL: the views machine_state, alarm_now, alarm_events, \
            alarm_intervals and alarm_performance, and the function order_alarm.

            Example: auscult alarm ack 7 --reason 'on my way'
            """,
        subcommands: [
            List.self, Show.self, Acknowledge.self, Shelve.self, Unshelve.self, Comment.self, Close.self,
            OutOfService.self, Policy.self,
        ])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The alarms that are not normal, the most urgent first.",
            discussion: "Example: auscult alarm list --site south --json")
        @Option(help: "Of this site.") var site: String?
        @Flag(help: "Also those that are normal.") var all = false
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let alarms = try database.ledger().alarms(site: site, includesNormal: all)
            if output.json { return try alarms.forEach { try Console.json($0) } }
            alarms.forEach { Console.line(AlarmCommand.line($0)) }
            if alarms.isEmpty { Console.line("no alarms") }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One alarm and everything that happened to it.", discussion: "Example: auscult alarm show 7")
        @Argument(help: "The alarm.") var alarm: Int64
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let ledger = try database.ledger()
            guard let listing = try ledger.alarm(alarm) else { throw AlarmCommand.unknown(alarm) }
            let events = try ledger.alarmEvents(of: alarm)
            if output.json {
                try Console.json(listing)
                return try events.forEach { try Console.json($0) }
            }
            Console.line(AlarmCommand.line(listing))
            for event in events {
                let more = [event.label, event.until.map { "until \($0)" }, event.reason.isEmpty ? nil : event.reason]
                    .compactMap { $0 }.joined(separator: "; ")
                Console.line("  \(event.at)  \(event.eventType) by \(event.who)\(more.isEmpty ? "" : ": \(more)")")
            }
        }
    }

    /// Which alarms a command is about, and who says why.
    struct Selection: ParsableArguments {
        /// How long a command waits for the broker.
        private static let patience = Duration.seconds(30)

        @Argument(help: "Numbers of alarms.") var alarms: [Int64]
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        private struct Line: Encodable {
            let alarm: Int64
            let done: Bool
            let refusal: String?
        }

        /// Asks for it, waits for the answers, and says what came of each.
        func perform(_ verb: AlarmAct.Verb, done: String) throws {
            let ledger = try database.ledger()
            let act = AlarmAct(verb, reason: reason.reason, who: Author.name)
            let orders = try alarms.map { (alarm: $0, number: try ledger.order(act, on: $0)) }
            var refused = 0
            for order in orders {
                let refusal: AlarmRefusal? =
                    if case .failure(let refusal) = try answer(order.number, ledger) { refusal } else { nil }
                if refusal != nil { refused += 1 }
                if output.json {
                    try Console.json(Line(alarm: order.alarm, done: refusal == nil, refusal: refusal?.rawValue))
                } else {
                    Console.line("\(order.alarm)\t\(refusal.map { "refused: \($0.sentence)" } ?? done)")
                }
            }
            if refused > 0 { throw CommandFailure("\(refused) of \(orders.count) were refused") }
        }

        private func answer(_ number: Int64, _ ledger: PostgreSQLLedger) throws -> Result<Void, AlarmRefusal> {
            let deadline = ContinuousClock.now + Self.patience
            while ContinuousClock.now < deadline {
                if let answer = try ledger.answer(toAlarmOrder: number) { return answer }
                _ = try ledger.signals([], waitMilliseconds: 50)
            }
            throw CommandFailure(
                "order \(number) stands, but no broker has answered yet: is one running? It will when it starts",
                status: .unreachable)
        }
    }

    struct Acknowledge: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ack", abstract: "Says that somebody sees to it, until the machine is normal again.",
            discussion: "Example: auscult alarm ack 7 8 9")
        @OptionGroup var selection: Selection

        func run() throws { try selection.perform(.acknowledge, done: "acknowledged") }
    }

    struct Shelve: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts alarms aside for a time, or for this occurrence.",
            discussion: "Example: auscult alarm shelve 7 --for 8h --reason 'crane beside it'")
        @OptionGroup var selection: Selection
        @Option(name: .customLong("for"), help: "Such as 90s, 30m, 8h or 7d; that is the longest.")
        var span = TimeSpan(seconds: 8 * 3_600)
        @Flag(help: "Until the alarm has cleared, however long that takes.") var once = false

        func run() throws {
            try selection.perform(
                .shelve(duration: once ? nil : span.microseconds), done: "shelved")
        }
    }

    struct Unshelve: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes alarms from the shelf.", discussion: "Example: auscult alarm unshelve 7")
        @OptionGroup var selection: Selection

        func run() throws { try selection.perform(.unshelve, done: "unshelved") }
    }

    struct Comment: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes something down beside alarms.",
            discussion: "Example: auscult alarm comment 7 --reason 'the new bearing comes on Friday'")
        @OptionGroup var selection: Selection

        func run() throws { try selection.perform(.comment, done: "noted") }
    }

    struct Close: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Says what the last occurrence turned out to be: the label that thresholds and models learn from.",
            discussion: "Example: auscult alarm close 7 --as confirmed-fault --reason 'outer ring worn'")
        @OptionGroup var selection: Selection
        @Option(name: .customLong("as"), help: "What it was.") var label: AlarmLabel

        func run() throws { try selection.perform(.close(label), done: "closed as \(label.rawValue)") }
    }

    struct OutOfService: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes alarms out of service while somebody works on the machine, or returns them.",
            discussion: "Example: auscult alarm out-of-service 7 --reason 'gearbox is open'")
        @OptionGroup var selection: Selection
        @Flag(name: .customLong("return"), help: "Back into service.") var returns = false

        func run() throws {
            try selection.perform(
                returns ? .returnToService : .takeOutOfService, done: returns ? "in service" : "out of service")
        }
    }

    fileprivate static func line(_ alarm: AlarmListing) -> String {
        let until = alarm.shelvedUntil.map { " until \($0)" } ?? ""
        return "\(alarm.alarm)\t\(alarm.isa)\t\(alarm.machine)\t\(alarm.site)\t\(alarm.kind)\t\(alarm.state)\(until) "
            + "since \(alarm.since)\t\(alarm.guidance)"
    }

    fileprivate static func unknown(_ alarm: Int64) -> CommandFailure {
        CommandFailure("alarm \(alarm): \(AlarmRefusal.unknownAlarm.sentence)")
    }
}

extension AlarmLabel: ExpressibleByArgument {}
