import ArgumentParser
import Files
import Ledger
import Nodes
import Plant

/// `auscult db scrub`: what of the stored bytes is damaged.
struct DatabaseScrub: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub",
        abstract: "Proves all stored bytes against their hashes and names what is damaged.",
        discussion: """
            Reads the bytes of every clip that somebody may still need, of datasets, models and checkpoints. The broker \
            does the same by itself, slowly. What is damaged stays in the view 'damaged' until it is found sound again: \
            content and models are mended by importing them again. Runs on the host of the broker's directory, as its user.

            Exit code 0: everything is sound; 1: something is damaged.

            Example: AUSCULT_DATA=plant auscult db scrub --json
            """)

    @Option(help: "The directory of 'auscult up' or of the broker; AUSCULT_DATA names it otherwise.")
    var data: String?

    @OptionGroup var target: DatabaseTarget

    func run() throws {
        guard let directory = data ?? ProcessEnvironment["AUSCULT_DATA"] else {
            throw CommandFailure(
                "which directory? Give --data DIR, that of 'auscult up' or of the broker, or set AUSCULT_DATA",
                status: .usage)
        }
        let ledger = PostgreSQLLedger(try target.url(), applicationName: "auscult db")
        let broker = Folder.exists("\(directory)/broker") ? "\(directory)/broker" : directory
        let report = try Scrub(directory: broker, ledger: ledger).run(found: { _ in })
        for damage in report.damage {
            if target.json {
                try Console.json(Line(kind: damage.kind.rawValue, subject: damage.subject, reason: damage.reason))
            } else {
                Console.line("damaged \(damage.kind.rawValue) \(damage.subject): \(damage.reason)")
            }
        }
        if target.json {
            try Console.json(Total(payloads: report.payloads, bytes: report.bytes, damaged: report.damage.count))
        } else {
            Console.line("\(report.payloads) payloads, \(report.bytes) bytes: \(report.damage.count) damaged")
        }
        if !report.damage.isEmpty { throw ExitCode.failure }
    }

    private struct Line: Encodable {
        let event = "damaged"
        let kind: String
        let subject: String
        let reason: String
    }

    private struct Total: Encodable {
        let event = "done"
        let payloads: Int
        let bytes: Int64
        let damaged: Int
    }
}
