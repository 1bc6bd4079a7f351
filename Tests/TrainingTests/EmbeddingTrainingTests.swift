import Detection
import Plant
import Spectra
import Tensors
import Testing
import Training
import Wire

@Suite struct EmbeddingTrainingTests {
    private let plant: TestPlant
    private let parameters: LogMelParameters
    private static let recipes: [EmbeddingTraining.Recipe] = [.density, .ear]

    init() throws {
        plant = try TestPlant()
        parameters = try LogMelParameters(TestPlant.feature)
    }

    /// Runs a training on several workers whose outputs arrive in a shuffled order, some of them twice.
    private func train(
        _ recipe: EmbeddingTraining.Recipe, _ clips: [DatasetClip], workers: Int, seed: UInt64
    ) throws -> TrainedModel {
        var random = CounterRandom(seed)
        let crew = (0..<workers).map { _ in ShardWorker() }
        var run = EmbeddingTraining(recipe, clips: clips, feature: parameters, shardSize: 7)
        let requests = run.outstanding
        for index in random.permutation(requests.count) {
            let request = requests[index]
            let worker = crew[random.nextIndex(below: workers)]
            let output = try worker.output(
                kind: request.kind, specification: request.specification, content: plant.bytes)
            #expect(try run.fold(output, of: request.place) == .counted)
            #expect(try run.fold(output, of: request.place) == .passedOver)
        }
        #expect(run.isComplete && run.progress == 1)
        guard case .model(let model) = try run.finish() else { throw RunFailure("a training made no model") }
        return model
    }

    @Test(arguments: recipes) func workersAndOrderDoNotReachTheModel(_ recipe: EmbeddingTraining.Recipe) throws {
        let one = try train(recipe, plant.clips, workers: 1, seed: 1)
        #expect(one.machines.map(\.description) == ["fan/id_00", "pump/id_02"])
        #expect(one.leftOut.isEmpty)
        for (workers, seed) in [(2, UInt64(2)), (5, 3), (8, 4)] {
            let other = try train(recipe, plant.clips.reversed(), workers: workers, seed: seed)
            #expect(other.weightsHash == one.weightsHash)
            #expect(other.file == one.file)
        }
    }

    @Test(arguments: recipes) func theModelTellsAnomaliesApart(_ recipe: EmbeddingTraining.Recipe) throws {
        var plant = plant
        let model = try train(recipe, plant.clips, workers: 1, seed: 1)
        let hash = plant.add(content: model.file)
        #expect(hash == ContentHash(of: model.file))
        var run = Evaluation(clips: plant.clips, model: hash, feature: TestPlant.feature, shardSize: 5)
        let worker = ShardWorker()
        #expect(run.outstanding.count == 7)
        for request in run.outstanding.reversed() {
            let output = try worker.output(
                kind: request.kind, specification: request.specification, content: plant.bytes)
            #expect(try run.fold(output, of: request.place) == .counted)
        }
        guard case .evaluation(let result) = try run.finish() else { throw RunFailure("an evaluation made no report") }
        #expect(result.clips.count == 32)
        #expect(result.leftOut.isEmpty)
        let auc = try #require(result.report.summary).auc
        #expect(auc > 0.9)
        // Verdict and threshold travel with the score.
        for clip in result.clips {
            let threshold = try #require(clip.score.threshold)
            #expect(clip.score.isAnomalous == (clip.score.score > threshold))
        }
    }

    @Test(arguments: recipes) func badClipsAndSmallMachinesAreNamed(_ recipe: EmbeddingTraining.Recipe) throws {
        var plant = plant
        let fan = try #require(MachineName("fan/id_00"))
        let valve = try #require(MachineName("valve/id_00"))
        plant.add([1, 2, 3], fan, .train, false, "fan/broken.npy")
        let lonely = try plant.bytes(try #require(plant.clips.first).sha256)
        plant.add(lonely, valve, .train, false, "valve/only.npy")
        var run = EmbeddingTraining(recipe, clips: plant.clips, feature: parameters)
        let worker = ShardWorker()
        for request in run.outstanding {
            let output = try worker.output(
                kind: request.kind, specification: request.specification, content: plant.bytes)
            _ = try run.fold(output, of: request.place)
        }
        guard case .model(let model) = try run.finish() else { throw RunFailure("a training made no model") }
        #expect(model.machines.map(\.description) == ["fan/id_00", "pump/id_02"])
        #expect(model.leftOut.count == 2)
        #expect(model.leftOut.contains { $0.clip == "fan/broken.npy" })
        #expect(model.leftOut.contains { $0.clip == nil && $0.machine.description == "valve/id_00" })
    }

    @Test func aDatasetWithoutTrainingClipsFailsInWords() throws {
        let run = EmbeddingTraining(.density, clips: plant.clips.filter { $0.split == .test }, feature: parameters)
        #expect(run.isComplete)
        let failure = #expect(throws: RunFailure.self) { try run.finish() }
        #expect(failure?.description.contains("training clip") == true)
    }

    @Test func wrongOutputsLeaveTheShardOutstanding() throws {
        var run = EmbeddingTraining(.density, clips: plant.clips, feature: parameters)
        let request = try #require(run.outstanding.first)
        let short = EmbedShard.Output(clips: [.done(.init(values: [1, 2], frameCount: 3))])
        let count = try EmbedShard(decoding: request.specification).clips.count
        let narrow = EmbedShard.Output(
            clips: Array(repeating: .done(.init(values: [1, 2], frameCount: 3)), count: count))
        let infinite = EmbedShard.Output(
            clips: Array(
                repeating: .done(.init(values: Array(repeating: .nan, count: 12), frameCount: 3)), count: count))
        for output in [short.encoded(), narrow.encoded(), infinite.encoded(), [0xff, 0xff], []] {
            #expect(throws: WireError.self) { try run.fold(output, of: request.place) }
            #expect(run.outstanding.first == request)
        }
        #expect(try run.fold([], of: ShardPlace(step: 1, shard: 0)) == .passedOver)
    }
}
