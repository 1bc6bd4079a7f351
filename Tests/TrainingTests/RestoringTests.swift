import Plant
import Tensors
import Testing
import Training
import Wire

/// Trainings that stop and go on, in the middle of anything.
@Suite struct RestoringTests {
    private let plant: NetworkPlant
    private let model: TrainedModel
    private let steps: [CompletedStep]
    private let losses: [Int: Double]

    init() throws {
        plant = try NetworkPlant()
        let crew = Crew(plant) { _ in 2 }
        model = try crew.model(of: plant.training())
        (steps, losses) = (crew.steps, crew.losses)
    }

    /// What the database and the journal know of steps.
    private func committed(_ numbers: ClosedRange<Int>, changes: Bool) -> [CommittedStep] {
        steps.filter { numbers.contains($0.number) }.map { step in
            CommittedStep(
                number: step.number, after: step.after, isSkipped: step.change == nil,
                change: changes ? step.change?.bytes : nil, validationLoss: losses[step.number])
        }
    }

    /// The state as it is kept once a step is done.
    private func checkpoint(after step: Int) throws -> [UInt8] {
        var run = plant.training()
        try Crew(plant) { _ in 1 }.work(on: &run) { $0.completedSteps == step && $0.checkpoint != nil }
        return try #require(run.checkpoint)
    }

    @Test(arguments: 0...6) func aResumedTrainingEqualsAnUninterruptedOne(after step: Int) throws {
        var run = plant.training()
        try run.restore(checkpoint(after: step), steps: [])
        #expect(run.completedSteps == step)
        let crew = Crew(plant, seed: 9) { _ in 3 }
        let resumed = try crew.model(of: run)
        #expect(crew.steps.map(\.number) == steps.map(\.number).filter { $0 > step })
        #expect(crew.steps.map(\.after) == steps.map(\.after).suffix(6 - step))
        #expect(resumed.file == model.file)
    }

    /// A coordinator killed within a step, at any of its shards, goes on from the checkpoint before.
    @Test(arguments: [1, 2, 3, 5, 8, 13]) func whatWasHalfDoneIsDoneAgain(shards: Int) throws {
        var run = plant.training()
        let saved = try checkpoint(after: 2)
        try run.restore(saved, steps: [])
        let crew = Crew(plant) { _ in 1 }
        try crew.work(on: &run) { _ in crew.counts.count >= shards }
        var second = plant.training()
        try second.restore(saved, steps: [])
        #expect(try Crew(plant) { _ in 2 }.model(of: second).file == model.file)
    }

    @Test func theJournalSparesComputing() throws {
        let saved = try checkpoint(after: 1)
        for last in 2...6 {
            var run = plant.training()
            try run.restore(saved, steps: committed(1...last, changes: true))
            #expect(run.completedSteps == last)
            #expect(try Crew(plant) { _ in 1 }.model(of: run).file == model.file)
        }
    }

    @Test func withoutItsJournalATrainingComputesAgain() throws {
        var run = plant.training()
        try run.restore(checkpoint(after: 1), steps: committed(1...5, changes: false))
        #expect(run.completedSteps == 1)
        let crew = Crew(plant) { _ in 1 }
        #expect(try crew.model(of: run).file == model.file)
        #expect(crew.steps.map(\.after) == steps.map(\.after).suffix(5))
    }

    @Test func aStepThatLeadsElsewhereIsRefused() throws {
        var past = committed(1...3, changes: true)
        past[1].after = ContentHash(of: [1])
        let saved = try checkpoint(after: 1)
        var run = plant.training()
        let failure = #expect(throws: RunFailure.self) { try run.restore(saved, steps: past) }
        #expect(failure?.description.contains("step 2") == true)
    }

    @Test func damagedAndForeignCheckpointsAreRefused() throws {
        let saved = try checkpoint(after: 1)
        for bytes in [[], [1, 2, 3], Array(saved.dropLast(100))] {
            #expect(throws: RunFailure.self) {
                var run = plant.training()
                try run.restore(bytes, steps: [])
            }
        }
        let other = try NetworkPlant(machines: ["fan/id_00", "pump/id_02"])
        var run = other.training()
        #expect(throws: RunFailure.self) { try run.restore(saved, steps: []) }
    }
}

/// Gradients that must not reach the optimiser.
@Suite struct GradientGateTests {
    private let plant: NetworkPlant

    init() throws { plant = try NetworkPlant() }

    /// Answers every backward shard with a gradient of one number; the first answer of a shard is refused.
    private func answer(_ run: inout OSSCLTraining, value: Float) throws {
        try Crew(plant) { _ in 1 }.work(on: &run) { $0.outstanding.first?.place.phase == 2 }
        let request = try #require(run.outstanding.first)
        let weights = try #require(run.provisions.first)
        let sound = try BackwardShard.Output(
            decoding: ShardWorker().output(kind: request.kind, specification: request.specification) { hash in
                hash == weights.hash ? weights.bytes() : try plant.plant.bytes(hash)
            })
        var bad = sound
        bad.gradient = bad.gradient.map { _ in value }
        for request in run.outstanding {
            #expect(throws: WireError.self) { try run.fold(bad.encoded(), of: request.place) }
            #expect(try run.fold(bad.encoded(), of: request.place) == .counted)
        }
    }

    @Test(arguments: [Float.nan, .infinity]) func aStepWithoutAFiniteGradientIsSkippedAndThreeEndTheTraining(
        _ value: Float
    ) throws {
        var run = plant.training(NetworkPlant.recipe(steps: 8))
        for number in 1...3 {
            try answer(&run, value: value)
            let milestones = run.takeMilestones().compactMap { milestone -> CompletedStep? in
                if case .step(let step) = milestone { step } else { nil }
            }
            let step = try #require(milestones.last)
            #expect(step.number == number && step.change == nil && step.before == step.after)
        }
        #expect(run.isComplete)
        let failure = #expect(throws: RunFailure.self) { try run.finish() }
        #expect(failure?.description.contains("checkpoint") == true)
    }

    /// What a broken memory wrote is computed again, and the training is none the wiser.
    @Test func aWorkerThatReturnsNonsenseOnceIsAskedAgain() throws {
        let expected = try Crew(plant) { _ in 1 }.model(of: plant.training())
        var run = plant.training()
        let crew = Crew(plant) { _ in 1 }
        try crew.work(on: &run) { $0.outstanding.first?.place.phase == 2 }
        let request = try #require(run.outstanding.first)
        let weights = try #require(run.provisions.first)
        var nonsense = try BackwardShard.Output(
            decoding: ShardWorker().output(kind: request.kind, specification: request.specification) { hash in
                hash == weights.hash ? weights.bytes() : try plant.plant.bytes(hash)
            })
        nonsense.gradient[3] = .nan
        #expect(throws: WireError.self) { try run.fold(nonsense.encoded(), of: request.place) }
        #expect(run.outstanding.first == request)
        #expect(try crew.model(of: run).file == expected.file)
    }
}
