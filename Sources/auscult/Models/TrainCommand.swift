import ArgumentParser
import Detection
import Ledger
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

            Example: auscult train --dataset plant
            Example: auscult train --dataset plant --model os-scl --epochs 20
            Example: auscult train --dataset plant --model os-scl --steps 2000 --mode local --replicas 4
            """)

    @Option(help: "The dataset's name.")
    var dataset: String

    @Option(help: "The kind of model: ear, density or os-scl.")
    var model = EarModel.kind

    @Option(help: "What a network hears: logmel, logmel,tgram, logmel,tgram,tfgram or logmel,tfgram.")
    var channels: String?

    @Option(help: "How many steps a network is trained.")
    var steps: Int?

    @Option(help: "Instead of steps: how many passes over the clips; 10 unless given.")
    var epochs: Int?

    @Option(help: "Clips per step; 64 unless given.")
    var batch: Int?

    @Option(help: "Clips per shard; 8 for a network, 16 otherwise, unless given.")
    var shard: Int?

    @Option(help: "Of the first step; it falls along a cosine to a tenth. 0.001 unless given.")
    var learningRate: Double?

    @Flag(help: "Hear every machine equally often, with at least two clips in a batch.")
    var balanced = false

    @Option(help: "Steps from one validation to the next; a tenth of all unless given.")
    var validationInterval: Int?

    @Option(help: "By what a network scores: log-odds, oscl, cosine, knn or hybrid; log-odds unless given.")
    var score: ScoreRule?

    @Option(help: "Seed of everything that is drawn.")
    var seed: UInt64?

    @Option(help: "Share of normal clips that the thresholds may call anomalous.")
    var falseAlarmRate: Double?

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
    }

    func validate() throws {
        let kinds = ModelFile.kinds.map { $0.kind }
        if !kinds.contains(model) { throw ValidationError("--model takes \(kinds.joined(separator: ", "))") }
        if steps != nil, epochs != nil { throw ValidationError("choose --steps or --epochs, not both") }
        let network: [(String, Bool)] = [
            ("--channels", channels != nil), ("--steps", steps != nil), ("--epochs", epochs != nil),
            ("--batch", batch != nil), ("--learning-rate", learningRate != nil), ("--balanced", balanced),
            ("--validation-interval", validationInterval != nil), ("--score", score != nil),
            ("--mode", replicas.mode != nil),
        ]
        if model != NetworkModel.kind, let option = network.first(where: \.1) {
            throw ValidationError("\(option.0) is for --model os-scl")
        }
        do throws(RunSpecificationError) {
            _ = try RunSpecification(json: specification.json)
        } catch {
            throw ValidationError(error.description)
        }
    }

    private var specification: RunSpecification {
        var specification = RunSpecification(shard: shard, seed: seed, falseAlarmRate: falseAlarmRate)
        specification.channels = channels?.split(separator: ",").map(String.init)
        (specification.steps, specification.epochs, specification.batch) = (steps, epochs, batch)
        specification.learningRate = learningRate
        specification.balanced = balanced ? true : nil
        specification.validationInterval = validationInterval
        specification.score = score?.rawValue
        replicas.fill(&specification)
        return specification
    }

    func run() throws {
        let ledger = try database.ledger()
        if let channels, channels != "logmel", try ledger.dataset(dataset)?.feature != nil {
            throw ValidationError("\(dataset) holds log-mels, without a wave for \(channels); use --channels logmel")
        }
        let run = try ledger.submit(
            RunRequest(kind: .train, model: model, dataset: dataset, specification: specification.json))
        if output.json { try Console.json(Submitted(run: run)) } else { Console.note("run \(run) is queued") }
        if detach { return }

        let (record, last) = try RunFollower(ledger: ledger, json: output.json).follow(run)
        let done = Done(
            run: run, modelVersion: record.modelVersion ?? "", weightsHash: record.weightsHash?.description ?? "",
            steps: last?.step ?? 0, seconds: record.seconds, clipsPerSecond: record.clipsPerSecond ?? 0)
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
