import Testing
import Training

/// The plan's arithmetic, with kernel times that are given.
@Suite struct CapacityPlanTests {
    /// A million weights, 4 MB; a thousand statistics; ten shards of four clips.
    private static let work = CapacityPlan.Work(
        trained: 1_000_000, statistics: 0, features: 512, clips: 20_000, batch: 40, shard: 4, roundSteps: 100, span: 4)
    private static let times = KernelTimes(shard: 2, tail: 0.5, sum: 0.01, optimiser: 0.1)

    private func plan(workers: Int, perHost: Int = 4, megabits: Double) -> CapacityPlan {
        CapacityPlan(.init(workers: workers, workersPerHost: perHost, linkMegabits: megabits), Self.work, Self.times)
    }

    private func estimate(_ stage: CapacityPlan.Stage, _ plan: CapacityPlan) throws -> CapacityPlan.Estimate {
        try #require(plan.estimates.first { $0.stage == stage })
    }

    private func close(_ value: Double, _ expected: Double) -> Bool { abs(value - expected) < 1e-9 * abs(expected) }

    /// 5 workers, 2 waves: 2·2 + 0.5 + 10·0.01 + 0.1 = 4.7 s of computing. Features 40·512·4 = 81 920 bytes each way; weights
    /// 5·4 MB down, gradients 10·4 MB up; at 1 Gbit/s (60 163 840 · 8) / 10⁹ = 0.48131072 s.
    @Test func aStarByHand() throws {
        let star = try estimate(.star, plan(workers: 5, megabits: 1000))
        #expect(close(star.stepSeconds, 4.7 + 0.48131072))
        #expect(close(star.clipsPerSecond, 40 / 5.18131072))
        #expect(close(star.efficiency, 4.7 / 5.18131072))
        #expect(close(star.coordinatorMegabits, 40_081_920 * 8 / 1e6 / 5.18131072))
    }

    /// 8 workers are two hosts: 2·4 MB and the features each way. Slices: a quarter of that.
    @Test func hostsAndSlicesByHand() throws {
        let plan = plan(workers: 8, megabits: 100)
        let computing = 2 * 2 + 0.5 + 0.1 + 0.1
        #expect(close(try estimate(.hosts, plan).stepSeconds, computing + 2 * 8_081_920 * 8 / 1e8))
        #expect(close(try estimate(.slices, plan).stepSeconds, computing + 2 * 8_081_920 / 4 * 8 / 1e8))
        #expect(close(try estimate(.tree, plan).stepSeconds, computing + 2 * 8_081_920 * 8 / 1e8))
    }

    /// A span of four rounds: three times 1 MB and once 4 MB, 1.75 MB a round, 17.5 kB a step and worker; of a thousand
    /// workers 17.5 MB each way. Computing takes 10·2.01 + 0.5 + 0.1 = 20.7 s.
    @Test func replicasByHand() throws {
        let replicas = try estimate(.replicas, plan(workers: 1000, megabits: 1000))
        let travelling = 2 * 17_500_000 * 8 / 1e9
        #expect(close(replicas.stepSeconds, 20.7 + travelling))
        #expect(close(replicas.clipsPerSecond, 40_000 / (20.7 + travelling)))
        #expect(close(replicas.coordinatorMegabits, 140 / (20.7 + travelling)))
    }

    @Test func theFirstStageThatComputesMostlyIsAdvised() {
        // 0.48 s of 5.2 s travel.
        #expect(plan(workers: 5, megabits: 1000).advised == .star)
        #expect(plan(workers: 5, megabits: 1000).available == .star)
        // Ten times as slow: the star computes 49 %, one host's exchange 88 %.
        let slow = plan(workers: 4, megabits: 100)
        #expect(slow.advised == .hosts)
        #expect(slow.available == .replicas)
        // Over a modem nothing but replicas computes.
        #expect(plan(workers: 100, megabits: 10).advised == .replicas)
    }

    @Test func whatTheModelCanUseIsSaid() {
        let plan = plan(workers: 5, megabits: 1000)
        #expect(plan.shards == 10)
        #expect(plan.usefulReplicas == 8)
        #expect(close(plan.epochSeconds, 20_000 / (40 / 5.18131072)))
    }

    @Test func moreWorkersThanShardsGainNothing() throws {
        let (ten, forty) = (plan(workers: 10, megabits: 1000), plan(workers: 40, megabits: 1000))
        #expect(try estimate(.star, ten) == estimate(.star, forty))
    }
}
