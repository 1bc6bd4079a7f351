import ArgumentParser
import Ledger

/// `auscult db retention`: how long scored clips are kept.
struct DatabaseRetention: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention",
        abstract: "Says how long scored clips are kept, or sets it.",
        discussion: """
            The broker removes, a minute later, the bytes of clips whose time is over, and the rows of whole days: clips, \
            results, keys. A clip that was never scored is never dropped; it holds its day and its bytes (view \
            'retention_days'). A key that was dropped with its day is new again. By SQL: set_retention(bytes, rows).

            Example: auscult db retention --bytes 30 --rows 365
                     auscult db retention --rows forever
            """)

    @Option(help: "Days that the bytes of scored clips are kept, or 'forever': as long as their rows.")
    var bytes: Span?

    @Option(help: "Days that the rows of scored clips are kept, or 'forever'.")
    var rows: Span?

    @OptionGroup var target: DatabaseTarget

    func run() throws {
        let ledger = PostgreSQLLedger(try target.url(), applicationName: "auscult db")
        var policy = try ledger.retentionPolicy()
        if let bytes { policy.bytesDays = bytes.days }
        if let rows { policy.rowsDays = rows.days }
        if bytes != nil || rows != nil { try ledger.keep(policy) }
        if target.json {
            try Console.json(Report(bytesDays: policy.bytesDays, rowsDays: policy.rowsDays))
        } else {
            let rows = Span(days: policy.rowsDays)
            Console.line("bytes of scored clips: \(policy.bytesDays.map { Span(days: $0) } ?? rows)")
            Console.line("rows of scored clips: \(rows)")
        }
    }

    private struct Report: Encodable {
        let bytesDays: Int?
        let rowsDays: Int?

        /// For ever is there as null, so that readers need not ask whether the key exists.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(bytesDays, forKey: .bytesDays)
            try container.encode(rowsDays, forKey: .rowsDays)
        }

        private enum Key: CodingKey { case bytesDays, rowsDays }
    }

    /// Some days, or for ever.
    struct Span: ExpressibleByArgument, CustomStringConvertible {
        let days: Int?

        init(days: Int?) { self.days = days }

        init?(argument: String) {
            let days = Int(argument)
            guard argument == "forever" || days.map({ (1...36_500).contains($0) }) == true else { return nil }
            self.init(days: days)
        }

        var description: String { days.map { $0 == 1 ? "1 day" : "\($0) days" } ?? "for ever" }
    }
}
