import ArgumentParser
import Ledger
import Plant

struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "Shows, pauses, resumes and cancels parts of the queue.",
        discussion: """
            The same in SQL: the views queues, queue_pauses and operator_orders, and the functions pause_queue, \
            resume_queue and cancel_clips.

            Example: auscult queue pause --site north --reason 'the sensors are being changed'
            """,
        subcommands: [List.self, Pause.self, Resume.self, Cancel.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Waiting clips by site and machine type, and what is paused.",
            discussion: "Example: auscult queue list --json")
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        private struct Queue: Encodable {
            let site: String
            let machineType: String
            let waiting: Int64
            let oldestSeconds: Double
            let paused: Bool
        }

        private struct Pause: Encodable {
            let pause: Int64
            let kind: String?
            let site: String?
            let machineType: String?
            let reason: String
            let pausedBy: String
            let pausedAt: String
        }

        func run() throws {
            let ledger = try database.ledger()
            let (queues, pauses) = (try ledger.queues(), try ledger.pauses())
            for queue in queues {
                if output.json {
                    try Console.json(
                        Queue(
                            site: queue.site, machineType: queue.machineType, waiting: queue.waiting,
                            oldestSeconds: queue.oldestSeconds, paused: queue.isPaused))
                } else {
                    Console.line(
                        "\(queue.site)\t\(queue.machineType)\t\(queue.waiting) waiting, the oldest for "
                            + "\(Int(queue.oldestSeconds)) s\(queue.isPaused ? ", paused" : "")")
                }
            }
            for pause in pauses {
                if output.json {
                    try Console.json(
                        Pause(
                            pause: pause.number, kind: pause.scope.kind?.rawValue, site: pause.scope.site,
                            machineType: pause.scope.machineType, reason: pause.reason, pausedBy: pause.pausedBy,
                            pausedAt: pause.pausedAt))
                } else {
                    Console.line(
                        "paused: \(pause.scope), by \(pause.pausedBy) at \(pause.pausedAt)"
                            + (pause.reason.isEmpty ? "" : ": \(pause.reason)"))
                }
            }
            if queues.isEmpty, !output.json { Console.line("nothing waits") }
        }
    }

    struct Pause: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a part of the queue wait; clips are still accepted.",
            discussion: """
                It takes effect within a second, outlives every broker, and stands until it is resumed. What workers \
                have in hand by then is finished.

                Example: auscult queue pause --machine-type fan
                """)
        @OptionGroup var scope: ScopeOptions
        @Option(help: "Clips to score, or shards of training.") var kind: QueueScope.Kind?
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func validate() throws { try QueueCommand.check(scope, kind) }

        func run() throws {
            let scope = scope.scope(kind: kind)
            let number = try database.ledger().pause(scope, reason: reason.reason, by: Author.name)
            if output.json { return try Console.json(["pause": number]) }
            Console.line("\(scope) is paused; 'auscult queue resume' lifts it")
        }
    }

    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lifts the pauses of a part of the queue and of all parts of that part.",
            discussion: "Example: auscult queue resume --all")
        @OptionGroup var scope: ScopeOptions
        @Option(help: "Clips to score, or shards of training.") var kind: QueueScope.Kind?
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func validate() throws { try QueueCommand.check(scope, kind) }

        func run() throws {
            let (ledger, scope) = (try database.ledger(), scope.scope(kind: kind))
            let lifted = try ledger.resume(scope, by: Author.name)
            if output.json { try Console.json(["lifted": lifted]) }
            guard lifted > 0 else {
                let pauses = try ledger.pauses().map { "\($0.scope)" }.joined(separator: ", ")
                throw CommandFailure(
                    "no pause lies within \(scope); " + (pauses.isEmpty ? "nothing is paused" : "paused: \(pauses)"))
            }
            if !output.json { Console.line("\(scope) goes on; \(lifted) lifted") }
        }
    }

    struct Cancel: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives up clips that are open now: they become dead letters, which can be retried.",
            discussion: "Example: auscult queue cancel --site north --reason 'recorded with a broken sensor'")
        @OptionGroup var scope: ScopeOptions
        @Option(help: "These jobs.") var job: [Int64] = []
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        private static let patience = Duration.seconds(30)

        private struct Line: Encodable {
            let order: Int64
            let clips: Int
        }

        func validate() throws {
            if job.isEmpty { return try QueueCommand.check(scope, nil) }
            if scope.isGiven || scope.all { throw ValidationError("Give --job, or a part of the queue, not both.") }
        }

        func run() throws {
            let ledger = try database.ledger()
            let order =
                job.isEmpty
                ? try ledger.cancel(scope.scope(), reason: reason.reason, by: Author.name)
                : try ledger.cancel(jobs: job, reason: reason.reason, by: Author.name)
            let deadline = ContinuousClock.now + Self.patience
            while ContinuousClock.now < deadline {
                if let clips = try ledger.clipsTouched(byOrder: order) {
                    if output.json { return try Console.json(Line(order: order, clips: clips)) }
                    return Console.line(
                        clips > 0
                            ? "\(clips) clips cancelled; 'auscult dead list' shows them"
                            : "nothing cancelled: none of these clips was open")
                }
                _ = try ledger.signals([], waitMilliseconds: 50)
            }
            throw CommandFailure(
                "order \(order) stands, but no broker has carried it out yet: is one running? It will when it starts",
                status: .unreachable)
        }
    }

    private static func check(_ scope: ScopeOptions, _ kind: QueueScope.Kind?) throws {
        if scope.all, scope.isGiven {
            throw ValidationError("--all is everything: leave --site and --machine-type out.")
        }
        guard scope.all || scope.isGiven || kind != nil else {
            throw ValidationError("Which part of the queue? Give --site, --machine-type or --all.")
        }
        if kind == .shards, scope.isGiven {
            throw ValidationError("Shards of training belong to no site and no machine type.")
        }
    }
}
