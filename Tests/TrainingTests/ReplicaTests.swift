import Networks
import Plant
import Tensors
import Testing
import Training
import Wire

/// Replicas that are trained apart and averaged.
@Suite struct ReplicaTests {
    private let plant: NetworkPlant

    init() throws { plant = try NetworkPlant() }

    /// Two synchronous steps, five rounds of up to two steps in spans of three, and one synchronous step.
    private static func recipe(_ change: (inout ReplicaRecipe) -> Void = { _ in }) -> TrainingRecipe {
        var recipe = NetworkPlant.recipe(steps: 12, batch: 6)
        recipe.validationInterval = 4
        var replicas = ReplicaRecipe()
        (replicas.replicas, replicas.roundSteps, replicas.span) = (3, 2, 3)
        (replicas.warmUpSteps, replicas.finishSteps, replicas.fixedNormShare) = (2, 1, 0.4)
        change(&replicas)
        recipe.replicas = replicas
        return recipe
    }

    private static let ends = [1, 2, 4, 6, 8, 10, 11, 12]

    @Test(arguments: [true, false]) func theNumberOfWorkersDoesNotReachTheWeights(isCompressed: Bool) throws {
        let recipe = Self.recipe { $0.isCompressed = isCompressed }
        let alone = Crew(plant) { _ in 1 }
        let expected = try alone.model(of: plant.training(recipe))
        #expect(alone.steps.map(\.number) == Self.ends)
        #expect(alone.steps.map(\.clipCount) == [6, 6, 36, 36, 36, 36, 18, 6])
        for (earlier, later) in zip(alone.steps, alone.steps.dropFirst()) { #expect(earlier.after == later.before) }
        #expect(alone.counts.values.allSatisfy { $0 == 1 })
        #expect(alone.losses.keys.sorted() == [4, 8, 12])
        let sizes: [(Int) -> Int] = [{ _ in 2 }, { _ in 3 }, { 1 + $0 * 7 % 8 }]
        for (seed, size) in sizes.enumerated() {
            let crew = Crew(plant, seed: UInt64(seed) + 2, size: size)
            let model = try crew.model(of: plant.training(recipe))
            #expect(crew.steps.map(\.after) == alone.steps.map(\.after))
            #expect(model.file == expected.file)
        }
    }

    /// One replica, one step a round, plain descent, weights in full: every bit is that of synchronous training.
    @Test func oneReplicaOfOneStepIsPlainDescent() throws {
        var plain = NetworkPlant.recipe(steps: 6)
        plain.optimiser = .gradientDescent
        plain.learningRate = 0.05
        var local = plain
        var replicas = ReplicaRecipe()
        (replicas.replicas, replicas.roundSteps, replicas.averaging, replicas.isCompressed) = (1, 1, .mean, false)
        (replicas.warmUpSteps, replicas.finishSteps, replicas.fixedNormShare) = (0, 0, 0)
        local.replicas = replicas
        let (one, other) = (Crew(plant) { _ in 1 }, Crew(plant) { _ in 2 })
        let expected = try one.model(of: plant.training(plain))
        let model = try other.model(of: plant.training(local))
        #expect(one.steps.count == 6 && Set(one.steps.map(\.after)).count == 6)
        #expect(other.steps.map(\.after) == one.steps.map(\.after))
        #expect(other.steps.map(\.loss) == one.steps.map(\.loss))
        #expect(other.losses == one.losses)
        #expect(model.weightsHash == expected.weightsHash)
        #expect(other.counts.keys.contains { $0.phase == 6 })
    }

    /// Once the span is under way changes travel, not weights; whoever joins fetches what leads to the present ones.
    @Test func littleTravels() throws {
        let alone = Crew(plant) { _ in 1 }
        try alone.work(through: plant.training(Self.recipe()))
        let full = Crew(plant) { _ in 1 }
        try full.work(through: plant.training(Self.recipe { $0.isCompressed = false }))
        let kind = RoundShard.kind
        let (small, large) = (try #require(alone.sent[kind]), try #require(full.sent[kind]))
        // Of five rounds of three replicas three end in changes and two, which end a span, in weights.
        #expect(small < large * 7 / 10, "\(small) of \(large)")
        let (changes, weights) = (try #require(alone.fetched[kind]), try #require(full.fetched[kind]))
        #expect(changes < weights * 8 / 10, "\(changes) of \(weights)")
    }

    @Test func averagesDiffer() throws {
        let hashes = try [ReplicaRecipe.Averaging.mean, .fedAvg, .nesterov(rate: 0.7, momentum: 0.9)].map { averaging in
            let recipe = Self.recipe { $0.averaging = averaging }
            return try Crew(plant) { _ in 2 }.model(of: plant.training(recipe)).weightsHash
        }
        #expect(Set(hashes).count == 3)
    }

    /// Whoever has not taken a replica through its earlier rounds repeats them.
    @Test func aDeadWorkersRoundIsDoneElsewhere() throws {
        var run = plant.training(Self.recipe())
        let crew = Crew(plant) { _ in 1 }
        // The third round of the first span.
        try crew.work(on: &run) { $0.outstanding.first.map { $0.place.phase == 6 && $0.place.step == 8 } ?? false }
        let request = try #require(run.outstanding.first)
        let content = Dictionary(uniqueKeysWithValues: run.provisions.map { ($0.hash, $0.bytes()) })
        func fetch(_ hash: ContentHash) throws -> [UInt8] { try content[hash] ?? plant.plant.bytes(hash) }
        let heir = ShardWorker()
        let first = try heir.output(kind: request.kind, specification: request.specification, content: fetch)
        #expect(try crew.output(of: request, in: run) == first)
        // Asked again, whoever knows the way gives the same.
        #expect(try heir.output(kind: request.kind, specification: request.specification, content: fetch) == first)
        // What the rounds before left over counts: without them the output is another one.
        var shard = try RoundShard(decoding: request.specification)
        let before = try RoundShard(decoding: shard.previous)
        shard.previous = before.previous
        #expect(!before.previous.isEmpty)
        let error = #expect(throws: WireError.self) {
            try ShardWorker().output(kind: request.kind, specification: shard.encoded(), content: fetch)
        }
        #expect(error?.reason.contains("leads to other weights") == true)
    }

    @Test func aRoundEndsWhenNobodyWantsIt() throws {
        var run = plant.training(Self.recipe())
        try Crew(plant) { _ in 1 }.work(on: &run) { $0.outstanding.first?.place.phase == 6 }
        let request = try #require(run.outstanding.first)
        var pauses = 0
        #expect(throws: WireError.self) {
            try ShardWorker().output(
                kind: request.kind, specification: request.specification,
                pause: {
                    pauses += 1
                    if pauses == 2 { throw WireError(.cancelled, "enough") }
                }
            ) { hash in try run.provisions.first { $0.hash == hash }?.bytes() ?? plant.plant.bytes(hash) }
        }
        #expect(pauses == 2)
    }

    @Test func wrongOutputsAndDivergenceAreRefused() throws {
        var run = plant.training(Self.recipe())
        try Crew(plant) { _ in 1 }.work(on: &run) { $0.outstanding.first?.place.phase == 6 }
        let request = try #require(run.outstanding.first)
        let steps = RoundShard.Output.Course(loss: 1, skipped: 0)
        let change = WeightChange(digits: [1], scales: [1], statistics: [])
        for output in [RoundShard.Output.weights([1], steps), .weights([], steps), .change(change, steps)] {
            #expect(throws: WireError.self) { try run.fold(output.encoded(), of: request.place) }
            #expect(run.outstanding.first == request)
        }
        // Once a worker's memory may have been at fault; the same again is what the clips make of the weights.
        let diverged = RoundShard.Output.diverged.encoded()
        #expect(throws: WireError.self) { try run.fold(diverged, of: request.place) }
        #expect(try run.fold(diverged, of: request.place) == .counted)
        let failure = #expect(throws: RunFailure.self) { try run.finish() }
        #expect(failure?.description.contains("lower learning rate") == true)
    }

    /// The step whose checkpoint is restored, and those after it that the journal knows. The database tells of that step too.
    private static let stops: [(Int, [Int])] = [
        (0, []), (2, []), (4, []), (6, []), (8, []), (11, []), (0, [1, 2, 4]), (2, [4, 6, 8]), (6, [8]),
        (8, [10, 11, 12]),
    ]

    @Test(arguments: stops) func aResumedTrainingEqualsAnUninterruptedOne(after step: Int, journal: [Int]) throws {
        let whole = Crew(plant) { _ in 2 }
        let expected = try whole.model(of: plant.training(Self.recipe()))
        var begun = plant.training(Self.recipe())
        try Crew(plant) { _ in 1 }.work(on: &begun) { $0.completedSteps == step && $0.checkpoint != nil }
        var run = plant.training(Self.recipe())
        try run.restore(
            try #require(begun.checkpoint),
            steps: whole.steps.filter { $0.number >= step }.map {
                CommittedStep(
                    number: $0.number, after: $0.after, isSkipped: $0.change == nil,
                    change: journal.contains($0.number) ? $0.change?.bytes : nil,
                    validationLoss: whole.losses[$0.number])
            })
        #expect(run.completedSteps == journal.last ?? step)
        let crew = Crew(plant, seed: 5) { _ in 3 }
        #expect(try crew.model(of: run).file == expected.file)
        #expect(crew.steps.map(\.after) == whole.steps.filter { $0.number > journal.last ?? step }.map(\.after))
    }

    @Test func moreReplicasThanClipsAreRefused() throws {
        var run = plant.training(Self.recipe { $0.replicas = 61 })
        try Crew(plant) { _ in 1 }.work(on: &run)
        let failure = #expect(throws: RunFailure.self) { try run.finish() }
        #expect(failure?.description.contains("61 replicas") == true)
    }
}
