import Detection
import Networks
import Plant
import Spectra
import Tensors
import Testing
import Training
import Wire

@Suite struct OSSCLTrainingTests {
    private let plant: NetworkPlant

    init() throws { plant = try NetworkPlant() }

    @Test func theNumberOfWorkersDoesNotReachTheWeights() throws {
        let alone = Crew(plant) { _ in 1 }
        let expected = try alone.model(of: plant.training())
        #expect(alone.steps.map(\.number) == [1, 2, 3, 4, 5, 6])
        for (earlier, later) in zip(alone.steps, alone.steps.dropFirst()) { #expect(earlier.after == later.before) }
        #expect(Set(alone.steps.map(\.after)).count == 6)
        #expect(alone.counts.values.allSatisfy { $0 == 1 })
        let sizes: [(Int) -> Int] = [{ _ in 2 }, { _ in 3 }, { _ in 5 }, { _ in 8 }, { 1 + $0 * 7 % 8 }]
        for (seed, size) in sizes.enumerated() {
            let crew = Crew(plant, seed: UInt64(seed) + 2, size: size)
            let model = try crew.model(of: plant.training())
            #expect(crew.steps.map(\.after) == alone.steps.map(\.after))
            #expect(crew.counts.keys.sorted() == alone.counts.keys.sorted())
            #expect(model.weightsHash == expected.weightsHash)
            #expect(model.file == expected.file)
        }
    }

    @Test func anotherSeedMakesOtherWeights() throws {
        var recipe = NetworkPlant.recipe(steps: 1)
        let one = Crew(plant) { _ in 1 }
        try one.work(through: plant.training(recipe))
        recipe.seed = 2
        let other = Crew(plant) { _ in 1 }
        try other.work(through: plant.training(recipe))
        #expect(one.steps.map(\.after) != other.steps.map(\.after))
    }

    @Test func theModelScoresItsMachines() throws {
        let model = try Crew(plant) { _ in 2 }.model(of: plant.training(NetworkPlant.recipe(steps: 10)))
        #expect(model.machines.map(\.description) == ["fan/id_00", "pump/id_02", "valve/id_01"])
        #expect(model.leftOut == [])
        let file = try ModelFile(decoding: model.file, name: "the model")
        #expect(file.calibration.count == 3)
        #expect(file.calibration.values.allSatisfy { $0.threshold.isFinite })
    }

    @Test func sixteenClipsAreLearntByHeart() throws {
        // Two clips of each machine: with one partner each, the contrastive loss can fall to zero.
        let plant = try NetworkPlant(machines: (0..<8).map { "fan/id_0\($0)" }, trainingClips: 2)
        var recipe = NetworkPlant.recipe(steps: 120, batch: 16, shard: 8)
        recipe.heldBackShare = 0
        recipe.mixes = false
        recipe.learningRate = 1e-2
        let crew = Crew(plant) { _ in 1 }
        try crew.work(through: plant.training(recipe))
        #expect(try #require(crew.steps.first).loss > 5)
        #expect(try #require(crew.steps.last).loss < 0.02)
    }

    @Test func balancedBatchesHaveTwoClipsOfEachOfTheirMachines() throws {
        var recipe = NetworkPlant.recipe(steps: 5, batch: 6, shard: 3)
        recipe.isBalanced = true
        recipe.mixes = false
        var run = plant.training(recipe)
        let crew = Crew(plant) { _ in 1 }
        for step in 1...5 {
            try crew.work(on: &run) { $0.outstanding.first?.place.phase == 1 && $0.outstanding[0].place.step == step }
            let shards = try run.outstanding.map { try ForwardShard(decoding: $0.specification) }
            let machines = shards.flatMap(\.clips).map(\.clip.machine)
            #expect(machines.count == 6)
            #expect(Dictionary(grouping: machines) { $0 }.values.allSatisfy { $0.count >= 2 })
            let output = try ShardWorker().output(
                kind: run.outstanding[0].kind, specification: run.outstanding[0].specification
            ) { hash in
                try run.provisions.first { $0.hash == hash }?.bytes() ?? plant.plant.bytes(hash)
            }
            _ = try run.fold(output, of: run.outstanding[0].place)
        }
    }

    @Test func anEpochHearsEveryClipOnce() throws {
        var recipe = NetworkPlant.recipe(steps: 5, batch: 12, shard: 6)
        recipe.mixes = false
        var run = plant.training(recipe)
        let crew = Crew(plant) { _ in 1 }
        var heard: [ContentHash] = []
        for step in 1...5 {
            try crew.work(on: &run) {
                $0.outstanding.first.map { $0.place.phase == 1 && $0.place.step == step } ?? false
            }
            heard += try run.outstanding.flatMap { try ForwardShard(decoding: $0.specification).clips }.map(
                \.clip.sha256)
        }
        // 72 clips, of which 4 of each machine are held back: 60 make an epoch.
        #expect(heard.count == 60)
        #expect(Set(heard).count == 60)
    }

    @Test func heldBackClipsAreConsecutiveAndNeverTrainedOn() throws {
        var run = plant.training(NetworkPlant.recipe(steps: 6))
        let crew = Crew(plant) { _ in 1 }
        try crew.work(on: &run) { $0.outstanding.first?.place.phase == 3 }
        let heldBack = try run.outstanding.flatMap { try MeasureShard(decoding: $0.specification).clips }
        for (_, clips) in Dictionary(grouping: heldBack, by: \.machine) {
            #expect(clips.count == 4)
            let numbers = clips.compactMap { Int($0.name.split(separator: "/").last ?? "") }
            let order = (0..<24).map(String.init).sorted().compactMap { Int($0) }
            let places = numbers.compactMap { order.firstIndex(of: $0) }.sorted()
            #expect(places.last.map { $0 - places[0] } == 3)
        }
    }

    @Test func aWorkerThatForgotTheActivationsRepeatsThem() throws {
        var run = plant.training(NetworkPlant.recipe(steps: 1))
        try Crew(plant) { _ in 1 }.work(on: &run) { $0.outstanding.first?.place.phase == 2 }
        let request = try #require(run.outstanding.first)
        let provision = try #require(run.provisions.first)
        let weights = provision.bytes()
        func content(_ hash: ContentHash) throws -> [UInt8] {
            hash == provision.hash ? weights : try plant.plant.bytes(hash)
        }
        let backward = try BackwardShard(decoding: request.specification)
        let knowing = ShardWorker()
        _ = try knowing.output(kind: ForwardShard.kind, specification: backward.forward, content: content)
        let first = try knowing.output(kind: request.kind, specification: request.specification, content: content)
        let second = try ShardWorker().output(
            kind: request.kind, specification: request.specification, content: content)
        #expect(first == second)
        // Features that differ from those of the first phase make no gradient.
        var other = backward
        other.featuresHash = ContentHash(of: [1])
        let error = #expect(throws: WireError.self) {
            try ShardWorker().output(kind: request.kind, specification: other.encoded(), content: content)
        }
        #expect(error?.code == .computeFailed)
    }

    @Test func activationsKeepWithinTheirBytes() throws {
        var run = plant.training(NetworkPlant.recipe(steps: 1))
        try Crew(plant) { _ in 1 }.work(on: &run) { $0.outstanding.first?.place.phase == 1 }
        let requests = run.outstanding
        let provision = try #require(run.provisions.first)
        func outputs(of worker: ShardWorker, held: (Int) -> Void) throws -> [[UInt8]] {
            try requests.map { request in
                let output = try worker.output(kind: request.kind, specification: request.specification) { hash in
                    hash == provision.hash ? provision.bytes() : try plant.plant.bytes(hash)
                }
                held(worker.keptActivationBytes)
                return output
            }
        }
        var (growth, held): ([Int], [Int]) = ([], [])
        let expected = try outputs(of: ShardWorker()) { growth.append($0) }
        let shard = try #require(growth.first)
        #expect(growth == requests.indices.map { ($0 + 1) * shard })
        #expect(shard > 0)
        let limit = 2 * shard + shard / 2
        #expect(try outputs(of: ShardWorker(activationBytes: limit)) { held.append($0) } == expected)
        #expect(held == requests.indices.map { min($0 + 1, 2) * shard })
        // One shard is always kept: it is what the worker has in hand.
        held = []
        #expect(try outputs(of: ShardWorker(activationBytes: 0)) { held.append($0) } == expected)
        #expect(held == requests.map { _ in shard })
    }

    @Test func wrongOutputsLeaveTheShardOutstanding() throws {
        var run = plant.training(NetworkPlant.recipe(steps: 1))
        let crew = Crew(plant) { _ in 1 }
        for phase in [UInt32(1), 2] {
            try crew.work(on: &run) { $0.outstanding.first?.place.phase == phase }
            let request = try #require(run.outstanding.first)
            let features = ForwardShard.Output(features: [1, 2], statistics: [])
            let gradient = BackwardShard.Output(gradient: [1], statistics: [2], norm: 1, isFinite: true)
            for output in [[], [0xff, 0xff], features.encoded(), gradient.encoded()] {
                #expect(throws: WireError.self) { try run.fold(output, of: request.place) }
                #expect(run.outstanding.first == request)
            }
        }
    }

    @Test func unusableClipsAreNamedAndLeftOut() throws {
        var test = try TestPlant(machines: ["fan/id_00", "pump/id_02"], trainingClips: 8, testClips: 1)
        let fan = try #require(MachineName("fan/id_00"))
        test.add([1, 2, 3], fan, .train, false, "fan/broken.npy")
        let short = LogMel(melBands: 6, frames: 7, values: Array(repeating: -40, count: 42))
        test.add(NumPyArray.bytes(of: short), fan, .train, false, "fan/short.npy")
        let plant = try NetworkPlant(test)
        let model = try Crew(plant) { _ in 1 }.model(of: plant.training(NetworkPlant.recipe(steps: 1)))
        #expect(model.leftOut.contains { $0.clip == "fan/broken.npy" })
        #expect(model.leftOut.contains { $0.clip == "fan/short.npy" })
    }

    @Test func oneMachineIsTooFew() throws {
        let plant = try NetworkPlant(machines: ["fan/id_00"], trainingClips: 4)
        var run = plant.training()
        try Crew(plant) { _ in 1 }.work(on: &run)
        let failure = #expect(throws: RunFailure.self) { try run.finish() }
        #expect(failure?.description.contains("at least two") == true)
    }
}
