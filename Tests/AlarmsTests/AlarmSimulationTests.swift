import Testing

/// Seeded orders of clips, silence, acts and deaths of the desk; `AUSCULT_SIMULATIONS` says how many.
@Suite struct AlarmSimulationTests {
    private static func violation(seed: UInt64, sabotage: AlarmWorld.Sabotage? = nil) -> String? {
        var world = AlarmWorld(seed: seed, sabotage: sabotage)
        world.run()
        return world.violations.first
    }

    @Test func everyPromiseIsKeptInEveryOrder() {
        for seed in UInt64(0)..<1_000 {
            let violation = Self.violation(seed: seed)
            #expect(violation == nil, "seed \(seed)")
            if violation != nil { return }
        }
    }

    /// A check that cannot fail is a defect: without each guard, some order must break a promise.
    @Test(arguments: AlarmWorld.Sabotage.allCases) func aMissingGuardIsNoticed(sabotage: AlarmWorld.Sabotage) {
        let found = (UInt64(0)..<200).first { Self.violation(seed: $0, sabotage: sabotage) != nil }
        #expect(found != nil, "200 orders without \(sabotage), and no promise was broken")
    }
}
