import ArgumentParser
import Detection
import Ledger
import Networks
import Nodes
import Plant

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains a model on a dataset, through the queue.",
        discussion: """
            The run is a row of the database: it goes on when this command ends, and when any process dies.

            ear: three Gaussians per machine over floor, crest and flutter of its log-mel bands, fitted in seconds with the
            help of its peers; enough for most plants. density: a Gaussian over mean and deviation, to compare with.
            os-scl: a network that tells machines apart; it needs many clips and hours.

            Without --channels a network hears logmel,tgram of recordings, and logmel of log-mels.

            With --mode local, replicas of the network are trained apart for --round-steps steps, then averaged: far less
            travels than with every step taken together. Whatever the mode, the number of workers changes nothing but
            the time.

            --teacher and --memory-pool let the averaged network hear every batch too, a third more work.

            Example: auscult train --dataset plant
            Example: auscult train --dataset plant --model os-scl --epochs 20
            Example: auscult train --dataset plant --model os-scl --channels logmel --attention --sub-centres 2 --teacher
            Example: auscult train --dataset plant --model os-scl --steps 2000 --mode local --replicas 4
            """)

    @Option(help: "The dataset's name.")
    var dataset: String

    @Option(help: "The kind of model: ear, density or os-scl.")
    var model = EarModel.kind

    @Option(help: "Clips per shard; 8 for a network, 16 otherwise, unless given.")
    var shard: Int?

    @Option(help: "Seed of everything that is drawn.")
    var seed: UInt64?

    @Option(help: "Share of normal clips that the thresholds may call anomalous.")
    var falseAlarmRate: Double?

    @OptionGroup(title: "Network") var architecture: ArchitectureOptions
    @OptionGroup(title: "Training of a network") var network: NetworkOptions
    @OptionGroup(title: "Replicas") var replicas: ReplicaOptions

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
        let leftOut: [LeftOut]
        let leftOutCount: Int
    }

    func validate() throws {
        let kinds = ModelFile.kinds.map { $0.kind }
        if !kinds.contains(model) { throw ValidationError("--model takes \(kinds.joined(separator: ", "))") }
        let given = architecture.given + network.given + (replicas.mode == nil ? [] : ["--mode"])
        if model != NetworkModel.kind, let option = given.first {
            throw ValidationError("\(option) is for --model os-scl")
        }
        do throws(RunSpecificationError) {
            _ = try RunSpecification(json: specification.json)
        } catch {
            throw ValidationError(error.description)
        }
    }

    private var specification: RunSpecification {
        var specification = RunSpecification(shard: shard, seed: seed, falseAlarmRate: falseAlarmRate)
        architecture.fill(&specification)
        network.fill(&specification)
        replicas.fill(&specification)
        return specification
    }

    func run() throws {
        let ledger = try database.ledger()
        if let channels = architecture.channels, Architecture(channels: channels.channels).usesWave,
            try ledger.dataset(called: dataset)?.feature != nil
        {
            throw ValidationError("\(dataset) holds log-mels, without a wave for \(channels); use --channels logmel")
        }
        let run = try ledger.submit(
            RunRequest(kind: .train, model: model, dataset: dataset, specification: specification.json))
        if output.json { try Console.json(Submitted(run: run)) } else { Console.note("run \(run) is queued") }
        if detach { return }

        let (record, last) = try RunFollower(ledger: ledger, json: output.json).follow(run)
        let leftOut = LeftOutList(try ledger.leftOut(of: run))
        let done = Done(
            run: run, modelVersion: record.modelVersion ?? "", weightsHash: record.weightsHash?.description ?? "",
            steps: last?.step ?? 0, seconds: record.seconds, clipsPerSecond: record.clipsPerSecond ?? 0,
            leftOut: leftOut.shown, leftOutCount: leftOut.count)
        if output.json {
            try Console.json(done)
        } else {
            leftOut.tell()
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
