import ArgumentParser
import Glibc
import Ledger
import Plant

/// `auscult export`: rows for other programs.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes results, clips or evaluations to a file or standard output.",
        discussion: """
            Rows stream, however many they are, as they were at one moment. Times are UTC. The columns are those of the \
            view of the same name; npy holds its numbers and times as a NumPy array of records. For Parquet see \
            schema/README.md.

            Example: auscult export results --machine fan/id_00 --since 2025-11-01 --format csv --out november.csv
                     auscult export evaluations --format ndjson | jq .auc
            """)

    @Argument(help: "results, clips or evaluations.")
    var subject: ExportRequest.Subject

    @Option(help: "csv, ndjson (one JSON object per line) or npy.")
    var format = ExportRequest.Format.csv

    @Option(help: "Recorded, or evaluated, at this time or later: 2025-11-25, 2025-11-25T06:00:00Z, yesterday.")
    var since: String?

    @Option(help: "Earlier than this time.")
    var until: String?

    @Option(help: "Of one machine, TYPE/ID.")
    var machine: MachineName?

    @Option(help: "Of one site.")
    var site: String?

    @Option(help: "The file to write; otherwise, and for '-', standard output.")
    var out = "-"

    @OptionGroup var database: DatabaseOptions

    func run() throws {
        // A reader that has had enough, such as head, is an error of the write and no end of ours.
        signal(SIGPIPE, SIG_IGN)
        var request = ExportRequest(subject, as: format)
        (request.machine, request.site, request.since, request.until) = (machine, site, since, until)
        let ledger = try database.ledger()
        try ledger.connect()
        let file = try ExportFile(out)
        let rows: Int64
        do {
            rows = try ledger.export(request) { try file.append($0) }
            try file.close()
        } catch let error as ExportFile.ReaderHasLeft {
            _ = error
            throw ExitCode.success
        }
        Console.note("\(rows) \(subject.rawValue) exported\(out == "-" ? "" : " to \(out)")")
    }
}

extension ExportRequest.Subject: ExpressibleByArgument {}
extension ExportRequest.Format: ExpressibleByArgument {}

extension MachineName: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
