import Glibc
import Testing

/// The broker's real decisions in thousands of seeded worlds that fail in every way we could think of.
///
/// A failing seed is printed; `AUSCULT_SIMULATION_SEED` runs it alone and tells its story, `AUSCULT_SIMULATIONS` sets how many run.
@Suite struct SimulationTests {
    private static func number(_ variable: String) -> UInt64? {
        getenv(variable).flatMap { UInt64(String(cString: $0)) }
    }

    private static func violation(
        _ seed: UInt64, _ sabotage: Scenario.Sabotage? = nil, tellsItsStory: Bool = false
    ) throws -> String? {
        let world = try World(Scenario(seed: seed, sabotage: sabotage), tellsItsStory: tellsItsStory)
        world.run()
        return world.violations.first
    }

    @Test func everyPromiseIsKeptInEveryWorld() throws {
        let seeds: Range<UInt64>
        if let seed = Self.number("AUSCULT_SIMULATION_SEED") {
            seeds = seed..<seed + 1
        } else {
            seeds = 0..<(Self.number("AUSCULT_SIMULATIONS") ?? 1_000)
        }
        for seed in seeds {
            guard let violation = try Self.violation(seed, tellsItsStory: seeds.count == 1) else { continue }
            Issue.record("seed \(seed): \(violation)")
            return
        }
    }

    /// A check that cannot fail is a defect: without each guard, some world must break a promise.
    @Test(arguments: Scenario.Sabotage.allCases)
    func aMissingGuardIsNoticed(sabotage: Scenario.Sabotage) throws {
        for seed in UInt64(0)..<2_000 {
            if try Self.violation(seed, sabotage) != nil { return }
        }
        Issue.record("2000 worlds without \(sabotage), and no promise was broken")
    }

    @Test func aWorldFollowsFromItsSeed() throws {
        func trace(_ seed: UInt64) throws -> [Int64] {
            let world = try World(Scenario(seed: seed))
            world.run()
            return [world.now, Int64(world.contents), Int64(world.sessions), Int64(world.incarnations)]
        }
        for seed in UInt64(0)..<20 { #expect(try trace(seed) == trace(seed), "seed \(seed)") }
    }
}
