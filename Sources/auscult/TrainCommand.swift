import ArgumentParser
import Ledger
import Nodes
import Plant

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains a model on a dataset, through the queue.",
        discussion: """
            The run is a row of the database: it goes on when this command ends, and when any process dies.

            Example: auscult train --dataset plant --model density
            """)

    @Option(help: "The dataset's name.")
    var dataset: String

    @Option(help: "The kind of model: density.")
    var model = "density"

    @Option(help: "Clips per shard.")
    var shard: Int?

    @Option(help: "Seed of everything that is drawn.")
    var seed: UInt64?

    @Option(help: "Share of normal clips that the thresholds may call anomalous.")
    var falseAlarmRate: Double?

    @Flag(help: "Submit the run and do not wait for it.")
    var detach = false

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    private struct Submitted: Encodable {
        let event = "submitted"
        let run: Int64
    }

    private struct Done: Encodable {
        let event = "done"
        let run: Int64
        let modelVersion: String
        let weightsHash: String
        let steps: Int
        let seconds: Double
        let clipsPerSecond: Double
    }

    func run() throws {
        let specification = RunSpecification(shard: shard, seed: seed, falseAlarmRate: falseAlarmRate)
        let ledger = try database.ledger()
        let run = try ledger.submit(
            RunRequest(kind: .train, model: model, dataset: dataset, specification: specification.json))
        if output.json { try Console.json(Submitted(run: run)) } else { Console.note("run \(run) is queued") }
        if detach { return }

        let (record, last) = try RunFollower(ledger: ledger, json: output.json).follow(run)
        let done = Done(
            run: run, modelVersion: record.modelVersion ?? "", weightsHash: record.weightsHash?.description ?? "",
            steps: last?.step ?? 0, seconds: record.seconds, clipsPerSecond: last?.clipsPerSecond ?? 0)
        if output.json {
            try Console.json(done)
        } else {
            Console.line(
                "\(done.modelVersion) in \(done.seconds.rounded(toPlaces: 1)) s, "
                    + "\(Int(done.clipsPerSecond)) clips/s, weights \(done.weightsHash)")
        }
    }
}

extension RunRecord {
    /// How long the run took, seconds.
    var seconds: Double {
        guard let startedAt, let finishedAt else { return 0 }
        return Double(finishedAt - startedAt) / 1e6
    }
}

extension Double {
    /// For people: not more digits than they read.
    func rounded(toPlaces places: Int) -> Double {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        return (self * scale).rounded() / scale
    }
}
