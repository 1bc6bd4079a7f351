import Testing
import Wire

/// The real coordinator and the real training in seeded worlds: whatever happens, the same bits, everything counted once.
///
/// `AUSCULT_TRAINING_SIMULATIONS` is the number of worlds and `AUSCULT_TRAINING_SEED` the first.
@Suite(.serialized) struct TrainingSimulationTests {
    private static let plant = Result { try TrainingPlant() }

    private static func outcome(_ scenario: TrainingScenario) throws -> (TrainingWorld.Trace, violation: String?) {
        let world = try TrainingWorld(scenario, plant: plant.get())
        try world.run()
        return (try world.trace(), world.violations.first)
    }

    /// Of the world in which nothing goes wrong.
    private static let truth = Result { () throws -> TrainingWorld.Trace in
        let (trace, violation) = try outcome(TrainingScenario())
        #expect(violation == nil)
        return trace
    }

    /// What a world did wrong.
    private static func violation(_ scenario: TrainingScenario) throws -> String? {
        let (trace, violation) = try outcome(scenario)
        let truth = try truth.get()
        if let violation { return violation }
        if trace.weights != truth.weights { return "the model has other weights" }
        if trace.steps != truth.steps { return "a step led to other weights, or is missing" }
        return trace.shards == truth.shards ? nil : "a shard was counted twice, not at all, or with another output"
    }

    private static func firstViolation(
        in seeds: Range<UInt64>, _ scenario: @escaping @Sendable (UInt64) -> TrainingScenario
    ) async throws -> (seed: UInt64, violation: String)? {
        _ = try truth.get()
        return try await Worlds.firstViolation(in: seeds) { try violation(scenario($0)) }
    }

    @Test func theTruthHasEveryStepAndEveryShard() throws {
        let truth = try Self.truth.get()
        #expect(truth.steps.map(\.number) == Array(1...TrainingPlant.steps))
        #expect(truth.shards.count { $0.place.phase == 1 } == 4 * TrainingPlant.steps)
        #expect(truth.shards.count { $0.place.phase == 2 } == 4 * TrainingPlant.steps)
    }

    @Test func everyWorldMakesTheSameBits() async throws {
        let first = Worlds.number("AUSCULT_TRAINING_SEED") ?? 0
        let count = Worlds.number("AUSCULT_TRAINING_SIMULATIONS") ?? 400
        let found = try await Self.firstViolation(in: first..<first + count) { TrainingScenario(seed: $0) }
        #expect(found == nil)
    }

    /// A check that cannot fail is a defect: without each guard, some world must show it.
    @Test(arguments: TrainingScenario.Sabotage.allCases)
    func aMissingGuardIsNoticed(sabotage: TrainingScenario.Sabotage) async throws {
        let found = try await Self.firstViolation(in: 0..<400) { TrainingScenario(seed: $0, sabotage: sabotage) }
        #expect(found != nil, "400 worlds without \(sabotage), and nobody noticed")
    }

    /// The coordinator dies in its first action, in its second, and so on to its last, carried out or not.
    @Test(arguments: [false, true]) func aCrashInAnyActionChangesNothing(isCarriedOut: Bool) async throws {
        let found = try await Self.firstViolation(in: 0..<160) { action in
            var scenario = TrainingScenario()
            scenario.honestWorkers = 2
            scenario.faults = [(1, .crashCoordinator(action: Int(action), isCarriedOut: isCarriedOut))]
            scenario.calmAt = 100_000
            return scenario
        }
        #expect(found == nil)
    }
}
