import Detection
import Networks
import Plant
import Spectra
import Tensors
import Testing
import Training
import Wire

/// A small network, the clips it is trained on, and workers that compute its shards in this process.
struct NetworkPlant {
    let plant: TestPlant
    let parameters: LogMelParameters

    init(_ plant: TestPlant) throws {
        self.plant = plant
        parameters = try LogMelParameters(TestPlant.feature)
    }

    init(machines: [String] = ["fan/id_00", "pump/id_02", "valve/id_01"], trainingClips: Int = 24) throws {
        try self.init(TestPlant(machines: machines, trainingClips: trainingClips, testClips: 4))
    }

    /// A recipe of a few steps for a network of a few thousand weights.
    static func recipe(steps: Int = 6, batch: Int = 12, shard: Int = 2) -> TrainingRecipe {
        var architecture = Architecture(channels: [.logMel])
        (architecture.stemChannels, architecture.trunkChannels) = (16, 32)
        (architecture.embeddingSize, architecture.hiddenSize) = (16, 16)
        architecture.stages = [Architecture.Stage(expansion: 2, channels: 16, repeats: 2)]
        var recipe = TrainingRecipe(architecture: architecture, length: .steps(steps))
        recipe.batch = batch
        recipe.shard = shard
        recipe.validationInterval = 3
        return recipe
    }

    func training(_ recipe: TrainingRecipe = recipe()) -> OSSCLTraining {
        OSSCLTraining(clips: plant.clips, feature: parameters, recipe: recipe)
    }
}

/// Workers in this process, and what they have seen of a run.
final class Crew {
    private let plant: NetworkPlant
    private var random: CounterRandom
    private var workers: [ShardWorker]
    /// Workers at each moment, by the number of shards done so far.
    private let size: (Int) -> Int
    private(set) var steps: [CompletedStep] = []
    /// Of the validations, by step.
    private(set) var losses: [Int: Double] = [:]
    /// How often each shard was counted.
    private(set) var counts: [ShardPlace: Int] = [:]
    /// Bytes of specifications and outputs, and of what was fetched beside clips, by kind of shard.
    private(set) var sent: [String: Int] = [:]
    private(set) var fetched: [String: Int] = [:]

    init(_ plant: NetworkPlant, seed: UInt64 = 1, size: @escaping (Int) -> Int) {
        self.plant = plant
        self.size = size
        random = CounterRandom(seed)
        workers = []
    }

    /// A worker as it starts, with room for the activations of two or three shards.
    private func newWorker() -> ShardWorker { ShardWorker(activationBytes: 100_000) }

    /// Works on the run until it is complete, or until `stop` says so. Outputs arrive in a random order, some twice.
    func work(on run: inout OSSCLTraining, until stop: (OSSCLTraining) -> Bool = { _ in false }) throws {
        while !run.isComplete, !stop(run) {
            let requests = run.outstanding
            let content = Dictionary(uniqueKeysWithValues: run.provisions.map { ($0.hash, $0.bytes()) })
            try #require(!requests.isEmpty, "nothing is outstanding and the run is not complete")
            for index in random.permutation(requests.count) where !stop(run) {
                let count = size(counts.count)
                while workers.count < count { workers.append(newWorker()) }
                if workers.count > count { workers.removeLast(workers.count - count) }
                let request = requests[index]
                let worker = workers[random.nextIndex(below: count)]
                let output = try worker.output(kind: request.kind, specification: request.specification) { hash in
                    fetched[request.kind, default: 0] += content[hash]?.count ?? 0
                    return try content[hash] ?? plant.plant.bytes(hash)
                }
                sent[request.kind, default: 0] += request.specification.count + output.count
                try #require(try run.fold(output, of: request.place) == .counted)
                counts[request.place, default: 0] += 1
                if random.nextIndex(below: 4) == 0 {
                    #expect(try run.fold(output, of: request.place) == .passedOver)
                }
            }
            for milestone in run.takeMilestones() {
                switch milestone {
                case .surveyed: break
                case .step(let step): steps.append(step)
                case .validated(let step, let loss): losses[step] = loss
                }
            }
        }
    }

    /// Works until the end.
    @discardableResult
    func work(through training: OSSCLTraining) throws -> OSSCLTraining {
        var run = training
        try work(on: &run)
        return run
    }

    /// What the first worker makes of a shard.
    func output(of request: ShardRequest, in run: OSSCLTraining) throws -> [UInt8] {
        try workers[0].output(kind: request.kind, specification: request.specification) { hash in
            try run.provisions.first { $0.hash == hash }?.bytes() ?? plant.plant.bytes(hash)
        }
    }

    /// Works until the end and returns the model.
    func model(of training: OSSCLTraining) throws -> TrainedModel {
        let run = try work(through: training)
        guard case .model(let model) = try run.finish() else { throw RunFailure("a training made no model") }
        return model
    }
}
