import Brokerage
import Plant
import Testing

/// Orders of operators: pause, cancel, retry, drain.
@Suite struct OrderTests {
    private static let south = QueueScope(site: "south")

    @Test func aPausedSiteWaitsAndIsStillAccepted() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        stage.order(.pause(Self.south), number: 1)
        stage.say(.submit(try stage.submission("a", site: "south")), as: gateway)
        stage.say(.submit(try stage.submission("b", site: "north")), as: gateway)
        #expect(stage.rows.count == 2)
        let worker = stage.join(2, .worker)
        #expect(stage.dispatches(to: worker).map(\.job) == [.clip(2)])
        stage.orders = []
        stage.say(.heartbeat(Heartbeat(credits: 4)), as: worker)
        stage.renew()
        #expect(stage.dispatches(to: worker).map(\.job) == [.clip(1)])
    }

    @Test func aClipThatFailedWaitsToo() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker)
        stage.say(.submit(try stage.submission("a", site: "south")), as: gateway)
        let dispatch = try #require(stage.dispatches(to: worker).first)
        stage.order(.pause(Self.south), number: 1)
        stage.fail(dispatch, permanent: false, as: worker)
        for _ in 0..<20 {
            stage.say(.heartbeat(Heartbeat(credits: 4)), as: worker)
            stage.tick(after: 500_000)
        }
        #expect(stage.dispatches(to: worker).isEmpty)
    }

    @Test func shardsWaitWhenTheyAreMeant() throws {
        var stage = try Stage()
        let coordinator = stage.join(1, .coordinator)
        let worker = stage.join(2, .worker)
        stage.order(.pause(QueueScope(kind: .shards)), number: 1)
        let key = ShardKey(run: 1, step: 0, phase: 0, shard: 0)
        stage.say(.askShards([Shard(key: key, kind: "embed", specification: [])]), as: coordinator)
        #expect(stage.dispatches(to: worker).isEmpty)
        stage.orders = []
        stage.renew()
        #expect(stage.dispatches(to: worker).count == 1)
    }

    @Test func cancelledClipsEndAsDeadLetters() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker, credits: 1)
        for key in ["a", "b"] {
            stage.say(.submit(try stage.submission(key, site: "south", follow: true)), as: gateway)
        }
        stage.say(.submit(try stage.submission("c", site: "north")), as: gateway)
        let held = try #require(stage.dispatches(to: worker).first)
        #expect(held.job == .clip(1))
        _ = stage.answers(to: gateway)
        stage.order(.cancel(Self.south, lastJob: 2), number: 7, reason: "sensor is broken")
        #expect(stage.outcomes.map(\.job) == [1, 2])
        let endings: [OutcomeRecord.Ending] = stage.outcomes.map(\.ending)
        #expect(endings.allSatisfy { $0 == .dead(code: 405, reason: "cancelled by mia: sensor is broken") })
        #expect(stage.done == [7: 2])
        #expect(stage.answers(to: worker).contains { if case .cancel(held.token) = $0 { true } else { false } })
        #expect(stage.answers(to: gateway).count { if case .outcome = $0 { true } else { false } } == 2)
        // A result that comes too late changes nothing.
        stage.score(held, as: worker)
        #expect(stage.outcomes.map(\.job) == [1, 2])
        #expect(stage.live.isEmpty || stage.broker.status.queuedClips == 1)
    }

    @Test func clipsAcceptedLaterAreNotMeant() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        for key in ["a", "b"] { stage.say(.submit(try stage.submission(key)), as: gateway) }
        stage.order(.cancel(QueueScope(), lastJob: 1), number: 1)
        #expect(stage.outcomes.map(\.job) == [1])
        #expect(stage.broker.status.queuedClips == 1)
    }

    @Test func anOrderIsNotDoneBeforeItsDeadLettersAreCommitted() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        stage.say(.submit(try stage.submission("a")), as: gateway)
        // The orders are read; the database goes away before the dead letter is committed.
        _ = stage.broker.handle(
            .ledger(.renewed(stage.champions, [OperatorOrder(number: 1, action: .cancelJobs([1]), givenBy: "mia")])),
            now: stage.now)
        stage.ledgerFault = .unreachable
        stage.tick(after: 1_000_000)
        #expect(stage.done.isEmpty && stage.outcomes.isEmpty)
        stage.ledgerFault = nil
        for _ in 0..<60 { stage.tick(after: 100_000) }
        #expect(stage.outcomes.map(\.job) == [1])
        #expect(stage.done == [1: 1])
    }

    @Test func aRetriedDeadLetterHasAllItsAttemptsAgain() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker)
        stage.say(.submit(try stage.submission("a")), as: gateway)
        let first = try #require(stage.dispatches(to: worker).first)
        stage.fail(first, permanent: true, as: worker)
        #expect(stage.outcomes.count == 1)
        stage.forgiven[1] = 1
        stage.order(.retry([1]), number: 1)
        #expect(stage.done == [1: 1])
        let attempts = stage.broker.configuration.retry.attempts
        for attempt in 2..<(2 + attempts) {
            var next: Dispatch?
            for _ in 0..<400 where next == nil {
                stage.say(.heartbeat(Heartbeat(credits: 4)), as: worker)
                next = stage.dispatches(to: worker).first
                stage.tick(after: 100_000)
            }
            let dispatch = try #require(next)
            #expect(dispatch.attempt == attempt)
            stage.fail(dispatch, permanent: false, as: worker)
        }
        let dead = stage.outcomes.filter { if case .dead = $0.ending { true } else { false } }
        #expect(dead.count == 2)
        #expect(stage.broker.status.queuedClips == 0)
    }
}
