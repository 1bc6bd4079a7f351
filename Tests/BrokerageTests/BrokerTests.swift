import Brokerage
import Plant
import Testing

/// The broker as a whole, one promise per test.
@Suite struct BrokerTests {
    @Test func aClipBecomesAResultRow() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker)
        stage.say(.submit(try stage.submission("a", follow: true)), as: gateway)
        #expect(stage.answers(to: gateway).contains { if case .accepted("a", 1, false) = $0 { true } else { false } })
        let dispatch = try #require(stage.dispatches(to: worker).first)
        stage.score(dispatch, as: worker)
        #expect(stage.outcomes.count == 1)
        #expect(
            stage.answers(to: worker).contains {
                if case .acknowledge(dispatch.token, .clip(1)) = $0 { true } else { false }
            })
        #expect(stage.answers(to: gateway).contains { if case .outcome("a", _) = $0 { true } else { false } })
        #expect(stage.live.isEmpty)
        #expect(stage.broker.status.leased == 0)
    }

    @Test func aRepeatedClipKeepsItsJob() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        stage.say(.submit(try stage.submission("a")), as: gateway)
        _ = stage.answers(to: gateway)
        stage.say(.submit(try stage.submission("a")), as: gateway)
        #expect(stage.answers(to: gateway).contains { if case .accepted("a", 1, true) = $0 { true } else { false } })
        stage.say(.submit(try stage.submission("a", content: 9)), as: gateway)
        #expect(stage.answers(to: gateway).contains { if case .reject("a", .keyConflict) = $0 { true } else { false } })
        #expect(stage.rows.count == 1)
    }

    /// A stuck sensor delivers the same bytes as if they were new: they are scored, and said to be a repeat.
    @Test func theSameBytesUnderAnotherKeyAreAnotherClipAndFlagged() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker)
        for (key, content) in [("a", 1), ("b", 2), ("c", 1), ("d", 3)] {
            stage.say(.submit(try stage.submission(key, content: UInt8(content))), as: gateway)
            for dispatch in stage.dispatches(to: worker) { stage.score(dispatch, as: worker) }
        }
        let flags = stage.outcomes.map { if case .scored(let score) = $0.ending { score.flags } else { ["none"] } }
        #expect(flags == [[], [], ["repeated"], []])
    }

    @Test func clipsOfUnknownMachinesAreRefusedOnceThereIsAModel() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        var submission = try stage.submission("a")
        submission.clip.machine = try #require(MachineName("pump/id_02"))
        stage.say(.submit(submission), as: gateway)
        #expect(
            stage.answers(to: gateway).contains { if case .reject("a", .unknownMachine) = $0 { true } else { false } })
    }

    @Test func clipsOfUnknownMachinesWaitWhereMachinesAreLearned() throws {
        var stage = try Stage(withModel: false)
        let (gateway, worker) = (stage.join(1, .gateway), stage.join(2, .worker))
        let (known, unknown) = (try #require(Stage.machine), try #require(MachineName("pump/id_02")))
        stage.champions = [Champion(machine: known, modelVersion: "m1", modelHash: Stage.hash, teaches: true)]
        stage.tick(after: stage.broker.configuration.renewalInterval)
        var submission = try stage.submission("a")
        submission.clip.machine = unknown
        stage.say(.submit(submission), as: gateway)
        #expect(stage.rows.count == 1 && stage.dispatches(to: worker).isEmpty)
        stage.champions.append(Champion(machine: unknown, modelVersion: "m2", modelHash: Stage.hash, teaches: true))
        stage.say(.heartbeat(Heartbeat(credits: 4)), as: worker)
        stage.tick(after: stage.broker.configuration.renewalInterval)
        #expect(stage.dispatches(to: worker).count == 1)
    }

    @Test func clipsWaitForTheFirstModel() throws {
        var stage = try Stage(withModel: false)
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker)
        stage.say(.submit(try stage.submission("a")), as: gateway)
        #expect(stage.rows.count == 1)
        #expect(stage.dispatches(to: worker).isEmpty)
        let machine = try #require(Stage.machine)
        stage.champions = [Champion(machine: machine, modelVersion: "m1", modelHash: Stage.hash)]
        stage.say(.heartbeat(Heartbeat(credits: 4)), as: worker)
        stage.tick(after: stage.broker.configuration.renewalInterval)
        #expect(stage.dispatches(to: worker).count == 1)
    }

    @Test func aSilentWorkersJobsGoElsewhereAndOnlyTheExecutedOneIsCharged() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let first = stage.join(2, .worker)
        for key in ["a", "b"] { stage.say(.submit(try stage.submission(key)), as: gateway) }
        let lost = stage.dispatches(to: first)
        #expect(lost.count == 2)
        stage.say(
            .heartbeat(
                Heartbeat(
                    progress: [.init(token: lost[0].token, counter: 3), .init(token: lost[1].token, counter: 0)],
                    credits: 4)), as: first)
        stage.now += 2_900_000
        let second = stage.join(3, .worker)
        #expect(stage.dispatches(to: second).isEmpty)
        stage.tick(after: 200_000)
        stage.tick(after: 100_000)
        let again = stage.dispatches(to: second)
        #expect(again.map(\.attempt).sorted() == [1, 2])
        #expect(Set(again.map(\.job)) == Set(lost.map(\.job)))
        #expect(again.first { $0.attempt == 2 }?.job == lost[0].job)
    }

    @Test func aNewSessionUnderTheSameNameEndsTheOldOne() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let old = stage.join(2, .worker, name: "w")
        stage.say(.submit(try stage.submission("a")), as: gateway)
        #expect(stage.dispatches(to: old).count == 1)
        let new = stage.join(3, .worker, name: "w")
        #expect(stage.answers(to: old).contains { if case .reject(_, .superseded) = $0 { true } else { false } })
        stage.tick(after: 100_000)
        #expect(stage.dispatches(to: new).count == 1)
    }

    @Test func aWorkerKillerRunsAloneAndThenDies() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        stage.say(.submit(try stage.submission("poison")), as: gateway)
        for death in 1...3 {
            let worker = stage.join(10 + death, .worker)
            stage.tick(after: 100_000)
            let dispatch = try #require(stage.dispatches(to: worker).first)
            #expect(dispatch.attempt == death)
            if death == 3 {
                stage.say(.submit(try stage.submission("innocent")), as: gateway)
                #expect(stage.dispatches(to: worker).isEmpty, "a suspect has the worker for itself")
            }
            stage.tick(after: 3_100_000)
        }
        let last = try #require(stage.outcomes.last)
        #expect(last.job == 1)
        guard case .dead = last.ending else {
            Issue.record("expected a dead letter, got \(last.ending)")
            return
        }
        let worker = stage.join(20, .worker)
        #expect(stage.dispatches(to: worker).map(\.job) == [.clip(2)])
    }

    @Test func failuresAreTriedAgainAndGivenUp() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker)
        stage.say(.submit(try stage.submission("a", follow: true)), as: gateway)
        for attempt in 1...5 {
            var dispatches = stage.dispatches(to: worker)
            for _ in 0..<400 where dispatches.isEmpty {
                stage.say(.heartbeat(Heartbeat(credits: 4)), as: worker)
                stage.tick(after: 100_000)
                dispatches = stage.dispatches(to: worker)
            }
            let dispatch = try #require(dispatches.first)
            #expect(dispatch.attempt == attempt)
            stage.fail(dispatch, permanent: false, as: worker)
        }
        #expect(stage.outcomes.count == 5)
        #expect(stage.broker.status.counters.dead == 1)
        #expect(stage.answers(to: gateway).contains { if case .outcome("a", _) = $0 { true } else { false } })
    }

    @Test func nothingIsAcknowledgedWhileTheDatabaseIsAway() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker, credits: 1)
        for key in ["a", "b"] { stage.say(.submit(try stage.submission(key)), as: gateway) }
        let dispatch = try #require(stage.dispatches(to: worker).first)
        stage.ledgerFault = .unreachable
        stage.tick(after: stage.broker.configuration.renewalInterval)
        stage.score(dispatch, as: worker)
        #expect(stage.answers(to: worker).isEmpty)
        _ = stage.answers(to: gateway)
        stage.say(.submit(try stage.submission("c")), as: gateway)
        let pleas = stage.answers(to: gateway)
        #expect(pleas.contains { if case .busy("c", _, .databaseAway) = $0 { true } else { false } })
        stage.ledgerFault = nil
        for _ in 0..<30 {
            stage.say(.heartbeat(Heartbeat(credits: 1)), as: worker)
            stage.tick(after: 100_000)
        }
        let answers = stage.answers(to: worker)
        #expect(answers.contains { if case .acknowledge = $0 { true } else { false } })
        #expect(answers.contains { if case .dispatch(let next) = $0 { next.job == .clip(2) } else { false } })
        #expect(stage.outcomes.count == 1)
    }

    @Test func aFencedBrokerStepsDown() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        stage.ledgerFault = .fenced
        stage.say(.submit(try stage.submission("a")), as: gateway)
        #expect(stage.steppedDown)
        stage.heard = []
        stage.say(.submit(try stage.submission("b")), as: gateway)
        #expect(stage.heard.isEmpty)
    }

    @Test func aClipTheDatabaseRefusesIsFoundAmongOthers() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        stage.ledgerFault = .refused("a row is not to my taste")
        stage.say(.submit(try stage.submission("a")), as: gateway)
        #expect(
            stage.answers(to: gateway).contains {
                if case .reject("a", .refusedByDatabase) = $0 { true } else { false }
            })
        #expect(stage.live.isEmpty)
    }

    @Test func aRestartedBrokerLeavesJobsWithTheWorkersThatHoldThem() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker)
        for key in ["a", "b"] { stage.say(.submit(try stage.submission(key)), as: gateway) }
        let held = stage.dispatches(to: worker)
        stage.broker = Broker(epoch: 2, seed: 1, now: stage.now)
        stage.tick()
        let other = stage.join(3, .worker, name: "other")
        stage.say(
            .hello(
                Introduction(
                    role: .worker, name: "peer-2", credits: 4, held: [.init(token: held[0].token, job: held[0].job)])),
            as: worker)
        #expect(stage.broker.status.leased == 1)
        for _ in 0..<25 {
            stage.say(.heartbeat(Heartbeat(credits: 4)), as: other)
            stage.say(
                .heartbeat(Heartbeat(progress: [.init(token: held[0].token, counter: 1)], credits: 4)), as: worker)
            stage.tick(after: 100_000)
        }
        #expect(stage.dispatches(to: other).map(\.job) == [.clip(2)])
        stage.score(held[0], as: worker)
        #expect(stage.outcomes.map(\.job) == [1])
        #expect(stage.answers(to: worker).contains { if case .acknowledge = $0 { true } else { false } })
    }

    @Test func tokensFromNowhereAreNotAdopted() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        stage.say(.submit(try stage.submission("a")), as: gateway)
        let worker = PeerID(5)
        let future = Token(epoch: 9, counter: 1)
        let claim = Introduction.Held(token: future, job: .clip(1))
        stage.say(.hello(Introduction(role: .worker, name: "w", credits: 2, held: [claim, claim])), as: worker)
        let answers = stage.answers(to: worker)
        #expect(answers.contains { if case .cancel(future) = $0 { true } else { false } })
    }

    @Test func aDrainedWorkerKeepsOnlyWhatItRuns() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker)
        for key in ["a", "b", "c"] { stage.say(.submit(try stage.submission(key)), as: gateway) }
        let held = stage.dispatches(to: worker)
        let other = stage.join(3, .worker, name: "other")
        stage.say(
            .heartbeat(
                Heartbeat(
                    progress: held.enumerated().map { .init(token: $0.element.token, counter: $0.offset == 0 ? 1 : 0) },
                    credits: 4, draining: true)), as: worker)
        #expect(stage.dispatches(to: other).map(\.attempt) == [1, 1])
        #expect(stage.answers(to: worker).filter { if case .cancel = $0 { true } else { false } }.count == 2)
    }

    @Test func whatWaitsBehindAHungJobGoesElsewhereUncharged() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker)
        for key in ["a", "b", "c"] { stage.say(.submit(try stage.submission(key)), as: gateway) }
        let held = stage.dispatches(to: worker)
        #expect(held.count == 3)
        let other = stage.join(3, .worker, name: "other", credits: 9)
        func beat(listing tokens: [Token], seconds: Microseconds) {
            for _ in 0..<seconds {
                let progress = tokens.map { Heartbeat.Progress(token: $0, counter: $0 == held[0].token ? 1 : 0) }
                stage.say(.heartbeat(Heartbeat(progress: progress, credits: 4)), as: worker)
                stage.say(.heartbeat(Heartbeat(credits: 9)), as: other)
                stage.tick(after: 1_000_000)
            }
        }
        beat(listing: held.map(\.token), seconds: stage.broker.configuration.clipDeadline / 1_000_000 + 2)
        let cancelled = stage.answers(to: worker).compactMap { if case .cancel(let token) = $0 { token } else { nil } }
        #expect(Set(cancelled) == Set(held.map(\.token)))
        let elsewhere = stage.dispatches(to: other)
        #expect(elsewhere.filter { $0.job != held[0].job }.map(\.attempt) == [1, 1])
        #expect(stage.outcomes.map(\.job) == [1], "only the one that hung is charged")
        // While it computes on, nothing more is given to it.
        let later = stage.join(4, .gateway)
        for key in ["d", "e"] { stage.say(.submit(try stage.submission(key)), as: later) }
        beat(listing: [held[0].token], seconds: 2)
        #expect(stage.dispatches(to: worker).isEmpty)
        let more = stage.dispatches(to: other)
        #expect(Set(more.map(\.job)).isSuperset(of: [.clip(4), .clip(5)]))
        for dispatch in elsewhere + more { stage.score(dispatch, as: other) }
        beat(listing: [], seconds: 1)
        for key in ["f", "g", "h", "i"] { stage.say(.submit(try stage.submission(key)), as: later) }
        #expect(!stage.dispatches(to: worker).isEmpty, "and when it has come back, work is")
    }

    @Test func memoryAndCreditsHaveBounds() throws {
        var configuration = BrokerConfiguration()
        configuration.creditBytes = 2_500
        configuration.memoryBudget = 4_000
        var stage = try Stage(configuration: configuration)
        let gateway = stage.join(1, .gateway)
        let other = stage.join(2, .gateway)
        // The lanes answer within `handle`, so only clips kept in memory for a worker to come count here.
        for number in 0..<10 { stage.say(.submit(try stage.submission("a\(number)")), as: gateway) }
        #expect(stage.live.reduce(0) { $0 + $1.byteCount } <= 4_000)
        stage.say(.submit(try stage.submission("big", bytes: 5_000)), as: other)
        #expect(stage.answers(to: other).contains { if case .busy("big", _, .memoryFull) = $0 { true } else { false } })
    }

    @Test func whoeverHasNotSaidHelloIsToldTo() throws {
        var stage = try Stage()
        stage.say(.submit(try stage.submission("a")), as: PeerID(99))
        #expect(stage.answers(to: PeerID(99)).contains { if case .reject("a", .sayHello) = $0 { true } else { false } })
        #expect(stage.live.isEmpty)
    }

    @Test func aLeaderThatIsNotConfirmedStopsItself() throws {
        var stage = try Stage()
        stage.tick(after: stage.broker.configuration.trustWindow)
        stage.ledgerFault = .unreachable
        stage.tick(after: stage.broker.configuration.trustWindow - 2_000_000)
        #expect(!stage.steppedDown)
        stage.tick(after: 3_000_000)
        #expect(stage.steppedDown)
        let gateway = stage.join(1, .gateway)
        #expect(stage.answers(to: gateway).isEmpty)
    }

    @Test func recoveredClipsWaitForTheSecondWorkerToClaimThem() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        for key in ["a", "b"] { stage.say(.submit(try stage.submission(key)), as: gateway) }
        let configuration = stage.broker.configuration
        stage.broker = Broker(epoch: 2, seed: 1, now: stage.now)
        stage.tick(after: configuration.adoptionWindow + 500_000)
        let first = stage.join(2, .worker)
        stage.tick(after: configuration.heartbeatInterval - 100_000)
        #expect(stage.dispatches(to: first).isEmpty)
        let held = Introduction.Held(token: Token(epoch: 1, counter: 7), job: .clip(2))
        stage.say(.hello(Introduction(role: .worker, name: "second", credits: 4, held: [held])), as: PeerID(3))
        stage.tick(after: 300_000)
        #expect(stage.dispatches(to: first).map(\.job) == [.clip(1)])
    }
}
