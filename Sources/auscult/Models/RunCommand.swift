import ArgumentParser
import Ledger
import Nodes
import Plant

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Lists, shows, stops and continues trainings and evaluations.",
        discussion: "Example: auscult run show 3 --curve loss.svg",
        subcommands: [List.self, Show.self, Cancel.self, Pause.self, Resume.self, Fork.self])

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
        static let configuration = CommandConfiguration(
            abstract: "One run.", discussion: "Example: auscult run show 3 --curve loss.svg")
        @Argument(help: "The run's number.") var number: Int64
        @Option(help: ArgumentHelp("Draw loss and learning rate into this file.", valueName: "file.svg"))
        var curve: String?
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if let curve, !OutputFile(curve).isNamed(".svg") { throw ValidationError("--curve draws .svg files") }
        }

        func run() throws {
            let ledger = try database.ledger()
            guard let record = try ledger.run(number) else { throw RunCommand.unknown(number) }
            try Line(record).show(json: output.json)
            for item in try ledger.leftOut(of: number) {
                if output.json { try Console.json(item) } else { LeftOutList([item]).tell() }
            }
            guard let curve else { return }
            let picture = LossCurve(try ledger.steps(of: number, after: 0), title: "run \(number)")
            guard let picture else { throw CommandFailure("run \(number) has no steps with a loss to draw yet") }
            try OutputFile(curve).write(Array(picture.svg.utf8))
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

    struct Pause: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts a run aside; 'auscult run resume' goes on with it.",
            discussion: "Example: auscult run pause 3")
        @Argument(help: "The run's number.") var number: Int64
        @OptionGroup var database: DatabaseOptions

        func run() throws {
            let state = try database.ledger().pause(number)
            Console.note("run \(number) is \(state == .running ? "asked to pause" : state.rawValue)")
        }
    }

    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Goes on with a run where it stopped.",
            discussion: """
                A paused run, or a training that failed or was cancelled and left a checkpoint.

                Example: auscult run resume 3
                """)
        @Argument(help: "The run's number.") var number: Int64
        @OptionGroup var database: DatabaseOptions

        func run() throws {
            try database.ledger().resume(number)
            Console.note("run \(number) is queued")
        }
    }

    struct Fork: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Begins a new training with another one's newest checkpoint.",
            discussion: "Example: auscult run fork 3 --steps 2000 --learning-rate 0.0005")
        @Argument(help: "The run's number.") var number: Int64
        @Option(help: "Steps, those of the checkpoint among them.") var steps: Int?
        @Option(help: "Of the first step.") var learningRate: Double?
        @Option(help: "Seed of everything that is drawn from here on.") var seed: UInt64?
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        private struct Submitted: Encodable {
            let event = "submitted"
            let run: Int64
        }

        func run() throws {
            let ledger = try database.ledger()
            guard let record = try ledger.run(number) else { throw RunCommand.unknown(number) }
            var specification = try RunSpecification(json: record.request.specification)
            if let steps { (specification.steps, specification.epochs) = (steps, nil) }
            specification.learningRate = learningRate ?? specification.learningRate
            specification.seed = seed ?? specification.seed
            _ = try RunSpecification(json: specification.json)
            let child = try ledger.fork(number, specification: specification.json)
            if output.json { try Console.json(Submitted(run: child)) } else { Console.note("run \(child) is queued") }
        }
    }

    private static func unknown(_ number: Int64) -> CommandFailure {
        CommandFailure("there is no run \(number); 'auscult run list' shows those there are")
    }
}
