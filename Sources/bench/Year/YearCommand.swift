import ArgumentParser
import FoundationEssentials
import Glibc
import Nodes

/// Measures what analysts ask about a year.
struct YearCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "year",
        abstract: "Measure twelve questions about a year of a plant, and fail-over after it.",
        discussion: """
            Fills a private server under --data by COPY, with clips, results, hours and days; asks the questions of \
            schema/README.md as the analyst, cold and warm; kills the broker that leads. Thirty million rows take some \
            30 GB and the better part of an hour.

            Example: auscult-bench year --rows 3000000 --machines 100
                     auscult-bench year --rows 30000000 --machines 1000 --json
            """)

    @Option(help: "Results, roughly.")
    var rows = 3_000_000

    @Option(help: "Machines.")
    var machines = 100

    @Option(help: "Days that the results are spread over.")
    var days = 365

    @Option(help: "A directory on the disk to measure; it is emptied before and afterwards.")
    var data = "/tmp/auscult-bench-year"

    @Flag(help: "Do not ask each question of a cold server, and kill nobody: for tests.")
    var warmOnly = false

    @Flag(help: "Leave the filled server's directory.")
    var keep = false

    @Flag(help: "Print one JSON object per line instead of the table.")
    var json = false

    func validate() throws {
        guard (1...1_000_000_000).contains(rows), (4...100_000).contains(machines), (35...3_650).contains(days)
        else {
            throw ValidationError(
                "--rows is from 1 to 1000000000, --machines from 4 to 100000, --days from 35 to 3650")
        }
    }

    func run() throws {
        try? FileManager.default.removeItem(atPath: data)
        defer { if !keep { try? FileManager.default.removeItem(atPath: data) } }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let plant = YearPlant(rows: rows, machines: machines, days: days, now: Int64(now.tv_sec) * 1_000_000)
        let bench = try YearBench(data, plant: plant, executable: warmOnly ? nil : QueueCommand.product) { note in
            if !json { Bench.say(note) }
        }
        defer { try? bench.stop() }
        try bench.fill()
        if !json { Bench.say("| question | cold s | warm s | of it planning | rows |\n|---|---|---|---|---|") }
        for answer in try bench.ask(cold: !warmOnly) { try say(answer) }
        let summary = try bench.summary()
        if json { return try say(summary) }
        Bench.say(
            """
            \(summary.results) results of \(Int(summary.bytesPerResult)) bytes, indexes included; \
            \(Int(summary.ingestPerSecond)) a second by COPY; hours and days summed up in \(shown(summary.rollUpSeconds)) s
            epoch \(shown(summary.epochSeconds)) s, queue_now \(shown(summary.queueNowSeconds)) s, fail-over \
            \(shown(summary.failOverSeconds)) s, auc of \(min(summary.results, 500_000)) rows \(shown(summary.aucSeconds)) s, \
            of \(summary.aucLargeRows) rows \(shown(summary.aucLargeSeconds)) s
            """)
    }

    private func say(_ answer: YearBench.Answer) throws {
        if json { return try say(answer as any Encodable) }
        Bench.say(
            """
            | \(answer.question) | \(shown(answer.coldSeconds)) | \(shown(answer.warmSeconds)) | \
            \(shown(answer.planningSeconds)) | \(answer.rows) |
            """)
    }

    private func say(_ value: any Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        Bench.say(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    private func shown(_ seconds: Double) -> String { "\((seconds * 10_000).rounded() / 10_000)" }
}
