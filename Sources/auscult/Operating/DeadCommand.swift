import ArgumentParser
import Ledger

struct DeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Lists, explains, retries and drops dead letters: clips that were given up.",
        discussion: """
            The same in SQL: the views dead_letters and failed_attempts, and the functions retry_dead_letters and \
            drop_dead_letters.

            Example: auscult dead retry --site north
            """,
        subcommands: [List.self, Show.self, Retry.self, Drop.self])

    /// Which dead letters.
    struct Choice: ParsableArguments {
        @Option(help: "Of this site.") var site: String?
        @Option(help: "Of machines of this type.") var machineType: String?
        @Option(help: "Given up with this error number, such as 405 for cancelled.") var code: Int?

        var filter: DeadLetterFilter { DeadLetterFilter(site: site, machineType: machineType, code: code) }
        var isGiven: Bool { site != nil || machineType != nil || code != nil }
    }

    /// Named jobs, or all that fit.
    struct Selection: ParsableArguments {
        /// Dead letters handed to the database at once.
        private static let groupSize = 1_000

        @Argument(help: "Jobs.") var jobs: [Int64] = []
        @OptionGroup var choice: Choice
        @Flag(help: "All dead letters.") var all = false

        func validate() throws {
            let ways = [!jobs.isEmpty, choice.isGiven, all].count { $0 }
            guard ways == 1 else {
                throw ValidationError("Which ones? Name jobs, or give --site, --machine-type, --code, or --all.")
            }
        }

        /// Does something to the dead letters, some at a time; returns how many it was done to.
        func perform(_ ledger: PostgreSQLLedger, _ body: ([Int64]) throws -> Int) throws -> Int {
            var rest = try (jobs.isEmpty ? ledger.deadJobs(choice.filter) : jobs)[...]
            var count = 0
            while !rest.isEmpty {
                count += try body(Array(rest.prefix(Self.groupSize)))
                rest = rest.dropFirst(Self.groupSize)
            }
            guard count > 0 else {
                throw CommandFailure("no such dead letter; 'auscult dead list' shows those there are")
            }
            return count
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The newest dead letters.", discussion: "Example: auscult dead list --code 405 --limit 10")
        @OptionGroup var choice: Choice
        @Flag(help: "Also those that were dropped.") var dropped = false
        @Option(help: "How many.") var limit = 50
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            var filter = choice.filter
            filter.includesDropped = dropped
            for letter in try database.ledger().deadLetters(filter, limit: limit) {
                if output.json {
                    try Console.json(Line(letter))
                } else {
                    Console.line(
                        "\(letter.job)\t\(letter.site)\t\(letter.machine)\t\(letter.name)\t\(letter.code): "
                            + "\(letter.reason)\(letter.droppedBy == nil ? "" : " (dropped)")")
                }
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One dead letter with every attempt.", discussion: "Example: auscult dead show 87269093081089")
        @Argument(help: "The job.") var job: Int64
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let ledger = try database.ledger()
            guard let letter = try ledger.deadLetter(job) else {
                throw CommandFailure("job \(job) is no dead letter; 'auscult dead list' shows those there are")
            }
            let attempts = try ledger.failedAttempts(of: job)
            if output.json {
                try Console.json(Line(letter))
                return try attempts.forEach { try Console.json(Attempt($0)) }
            }
            Console.line(
                "job \(letter.job): \(letter.name), \(letter.machine) of site \(letter.site), key \(letter.key)")
            Console.line("accepted \(letter.acceptedAt), given up \(letter.diedAt): \(letter.reason) [\(letter.code)]")
            for attempt in attempts {
                let place = attempt.worker.isEmpty ? "" : " on \(attempt.worker)"
                let life = attempt.revivedBy.map { "; retried by \($0)" } ?? ""
                Console.line("  attempt \(attempt.attempt)\(place), \(attempt.failedAt): \(attempt.reason)\(life)")
            }
            letter.droppedBy.map { Console.line("dropped by \($0)\(letter.dropReason.map { ": \($0)" } ?? "")") }
        }
    }

    struct Retry: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts dead letters back in line, their attempts forgiven.",
            discussion: "Example: auscult dead retry --code 405")
        @OptionGroup var selection: Selection
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let ledger = try database.ledger()
            for job in selection.jobs {
                guard let letter = try ledger.deadLetter(job), let who = letter.droppedBy else { continue }
                throw CommandFailure(
                    "job \(job) was dropped by \(who) and stays dead; push the clip under another key")
            }
            let count = try selection.perform(ledger) { try ledger.retryDeadLetters($0, by: Author.name) }
            if output.json { return try Console.json(["retried": count]) }
            Console.line("\(count) clips are in line again")
        }
    }

    struct Drop: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives dead letters up for good: their record stays, and they cannot be retried.",
            discussion: "Example: auscult dead drop 87269093081089 --reason 'empty file'")
        @OptionGroup var selection: Selection
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let (ledger, why) = (try database.ledger(), reason.reason)
            let count = try selection.perform(ledger) { try ledger.dropDeadLetters($0, reason: why, by: Author.name) }
            if output.json { return try Console.json(["dropped": count]) }
            Console.line("\(count) dead letters dropped for good; 'auscult dead list --dropped' still shows them")
        }
    }

    private struct Line: Encodable {
        let job: Int64
        let site: String
        let machine: String
        let name: String
        let key: String
        let acceptedAt: String
        let diedAt: String
        let code: Int
        let reason: String
        let attempts: Int
        let retries: Int64
        let droppedBy: String?
        let dropReason: String?

        init(_ letter: DeadLetterListing) {
            (job, site, machine, name) = (letter.job, letter.site, letter.machine, letter.name)
            (key, acceptedAt, diedAt) = (letter.key, letter.acceptedAt, letter.diedAt)
            (code, reason, attempts, retries) = (letter.code, letter.reason, letter.attempts, letter.retries)
            (droppedBy, dropReason) = (letter.droppedBy, letter.dropReason)
        }
    }

    private struct Attempt: Encodable {
        let attempt: Int
        let failedAt: String
        let code: Int
        let worker: String
        let reason: String
        let revivedBy: String?

        init(_ listing: AttemptListing) {
            (attempt, failedAt, code) = (listing.attempt, listing.failedAt, listing.code)
            (worker, reason, revivedBy) = (listing.worker, listing.reason, listing.revivedBy)
        }
    }
}
