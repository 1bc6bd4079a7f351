import Brokerage
import Plant
import Testing

/// Shards of training through the broker.
@Suite struct ShardTests {
    private func shard(_ number: UInt32, copy: UInt32 = 0, preferring worker: String = "") -> Shard {
        Shard(
            key: ShardKey(run: 1, step: 0, phase: 0, shard: number, copy: copy), kind: "embed",
            specification: [], preferredWorker: worker)
    }

    private func output(_ dispatch: Dispatch, _ stage: inout Stage) -> Message {
        .result(
            Report(
                token: dispatch.token, job: dispatch.job,
                ending: .shard(sha256: Stage.hash, output: stage.blob(10), computeMilliseconds: 1)))
    }

    @Test func aShardsOutputReachesItsCoordinator() throws {
        var stage = try Stage()
        let coordinator = stage.join(1, .coordinator)
        let worker = stage.join(2, .worker)
        stage.say(.askShards([shard(0), shard(0), shard(1)]), as: coordinator)
        let dispatches = stage.dispatches(to: worker)
        #expect(dispatches.count == 2)
        stage.say(output(dispatches[0], &stage), as: worker)
        stage.say(output(dispatches[0], &stage), as: worker)
        let done = stage.answers(to: coordinator).filter { if case .shardDone = $0 { true } else { false } }
        #expect(done.count == 1)
        #expect(stage.live.isEmpty)
    }

    @Test func shardsSpreadOverTheWorkers() throws {
        var stage = try Stage()
        let coordinator = stage.join(1, .coordinator)
        let workers = (2...4).map { stage.join($0, .worker) }
        stage.say(.askShards((0..<6).map { shard($0) }), as: coordinator)
        #expect(workers.map { stage.dispatches(to: $0).count } == [2, 2, 2])
    }

    @Test func clipsGoBeforeShards() throws {
        var stage = try Stage()
        let coordinator = stage.join(1, .coordinator)
        let gateway = stage.join(2, .gateway)
        stage.say(.askShards((0..<3).map { shard($0) }), as: coordinator)
        stage.say(.submit(try stage.submission("a")), as: gateway)
        let worker = stage.join(3, .worker, credits: 2)
        #expect(stage.dispatches(to: worker).map(\.job) == [.clip(1), .shard(shard(0).key)])
    }

    @Test func aShardWaitsForTheWorkerItPrefersButNotForLong() throws {
        var stage = try Stage()
        let coordinator = stage.join(1, .coordinator)
        let favourite = stage.join(2, .worker, name: "favourite", credits: 1)
        let other = stage.join(3, .worker, name: "other", credits: 1)
        stage.say(.askShards([shard(0, preferring: "favourite"), shard(1, preferring: "favourite")]), as: coordinator)
        #expect(stage.dispatches(to: favourite).map(\.job) == [.shard(shard(0).key)])
        #expect(stage.dispatches(to: other).isEmpty)
        stage.tick(after: stage.broker.configuration.preferencePatience)
        #expect(stage.dispatches(to: other).map(\.job) == [.shard(shard(1).key)])
    }

    @Test func aCopyRunsOnAnotherWorker() throws {
        var stage = try Stage()
        let coordinator = stage.join(1, .coordinator)
        let first = stage.join(2, .worker)
        stage.say(.askShards([shard(0)]), as: coordinator)
        #expect(stage.dispatches(to: first).count == 1)
        stage.say(.askShards([shard(0, copy: 1)]), as: coordinator)
        #expect(stage.dispatches(to: first).isEmpty)
        let second = stage.join(3, .worker)
        #expect(stage.dispatches(to: second).map(\.job) == [.shard(shard(0, copy: 1).key)])
    }

    @Test func aForgottenRunLeavesNothingBehind() throws {
        var stage = try Stage()
        let coordinator = stage.join(1, .coordinator)
        let worker = stage.join(2, .worker, credits: 1)
        stage.say(.askShards([shard(0), shard(1)]), as: coordinator)
        let dispatch = try #require(stage.dispatches(to: worker).first)
        stage.say(.forgetShards(run: 1), as: coordinator)
        #expect(stage.answers(to: worker).contains { if case .cancel(dispatch.token) = $0 { true } else { false } })
        #expect(stage.broker.status.queuedShards == 0)
        #expect(stage.broker.status.leased == 0)
    }
}
