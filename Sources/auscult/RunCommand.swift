import ArgumentParser
import Ledger
import Plant

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Lists, shows and cancels trainings and evaluations.",
        discussion: "Example: auscult run list", subcommands: [List.self, Show.self, Cancel.self])

    /// A run as commands print it.
    private struct Line: Encodable {
        let run: Int64
        let kind: String
        let model: String
        let dataset: String
        let state: String
        let progress: Double
        let modelVersion: String?
        let weightsHash: String?
        let reason: String?

        init(_ record: RunRecord) {
            run = record.run
            kind = record.request.kind.rawValue
            model = record.request.model
            dataset = record.request.dataset
            state = record.state.rawValue
            progress = record.progress
            modelVersion = record.modelVersion
            weightsHash = record.weightsHash?.description
            reason = record.reason
        }

        func show(json: Bool) throws {
            if json { return try Console.json(self) }
            let result = reason ?? modelVersion ?? ""
            Console.line("\(run)\t\(kind)\t\(model)\t\(dataset)\t\(state)\t\(Int(progress * 100)) %\t\(result)")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The newest runs.")
        @Option(help: "How many.") var limit = 50
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            for record in try database.ledger().runs(limit: limit) { try Line(record).show(json: output.json) }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One run.")
        @Argument(help: "The run's number.") var number: Int64
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            guard let record = try database.ledger().run(number) else {
                throw CommandFailure("there is no run \(number); 'auscult run list' shows those there are")
            }
            try Line(record).show(json: output.json)
        }
    }

    struct Cancel: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stops a run; what it has made so far is dropped.")
        @Argument(help: "The run's number.") var number: Int64
        @OptionGroup var database: DatabaseOptions

        func run() throws {
            let state = try database.ledger().cancel(number)
            Console.note("run \(number) is \(state == .running ? "asked to stop" : state.rawValue)")
        }
    }
}
