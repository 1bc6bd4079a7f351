import Brokerage
import Plant
import Testing

/// What one peer may not do to others: know their clips, conclude their jobs, and hold more than its share.
@Suite struct WallTests {
    private static func isRefused(_ answers: [Answer], job: Int64) -> Bool {
        answers.contains { if case .reject(_, .unknownJob(job)) = $0 { true } else { false } }
    }

    private static func outcomes(_ answers: [Answer]) -> Int {
        answers.count { if case .outcome = $0 { true } else { false } }
    }

    private static func isBusy(_ answers: [Answer], _ wanted: Pressure) -> Bool {
        answers.contains { if case .busy(_, _, wanted) = $0 { true } else { false } }
    }

    private static func isCancelled(_ answers: [Answer], _ token: Token) -> Bool {
        answers.contains { if case .cancel(token) = $0 { true } else { false } }
    }

    // MARK: sites

    @Test(arguments: [false, true])
    func aGatewayFollowsClipsOfItsOwnSiteOnly(afterTheEnd: Bool) throws {
        var stage = try Stage()
        let north = stage.join(1, .gateway, site: "north")
        let south = stage.join(2, .gateway, site: "south")
        stage.say(.submit(try stage.submission("a", site: "north")), as: north)
        let worker = stage.join(3, .worker)
        let dispatch = try #require(stage.dispatches(to: worker).first)
        if afterTheEnd { stage.score(dispatch, as: worker) }
        for (peer, key) in [(south, "a"), (north, "b"), (north, "a")] {
            stage.say(.follow(key: key, job: 1), as: peer)
        }
        if !afterTheEnd { stage.score(dispatch, as: worker) }
        #expect(Self.isRefused(stage.answers(to: south), job: 1))
        let answers = stage.answers(to: north)
        #expect(Self.isRefused(answers, job: 1) && Self.outcomes(answers) == 1)
    }

    /// Who guesses the number of a job that comes only then learns nothing of it.
    @Test func aGuessedJobIsNobodyElses() throws {
        var stage = try Stage()
        let spy = stage.join(1, .gateway, site: "south")
        let gateway = stage.join(2, .gateway, site: "north")
        let worker = stage.join(3, .worker)
        stage.holdsInquiries = true
        stage.say(.follow(key: "a", job: 1), as: spy)
        stage.say(.submit(try stage.submission("a", site: "north", follow: true)), as: gateway)
        let dispatch = try #require(stage.dispatches(to: worker).first)
        stage.score(dispatch, as: worker)
        #expect(Self.outcomes(stage.answers(to: gateway)) == 1)
        let answers = stage.answers(to: spy)
        #expect(Self.outcomes(answers) == 0 && Self.isRefused(answers, job: 1))
    }

    @Test func aJobNobodyKnowsIsRefused() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        stage.say(.follow(key: "a", job: .max), as: gateway)
        #expect(Self.isRefused(stage.answers(to: gateway), job: .max))
    }

    // MARK: results

    @Test func aResultNeedsATokenThatWasGrantedForItsJobToItsWorker() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker, credits: 1)
        for key in ["a", "b"] { stage.say(.submit(try stage.submission(key)), as: gateway) }
        let held = try #require(stage.dispatches(to: worker).first)
        let thief = stage.join(3, .worker, credits: 0)
        // Another worker's token, a token of nobody's, and the own token for another job.
        var forged = held
        stage.score(forged, as: thief)
        #expect(Self.isCancelled(stage.answers(to: thief), held.token))
        forged.token = Token(epoch: 1, counter: 9_999)
        forged.job = .clip(2)
        stage.score(forged, as: worker)
        forged.token = held.token
        stage.score(forged, as: worker)
        #expect(stage.outcomes.isEmpty)
        stage.score(held, as: worker)
        #expect(stage.outcomes.map(\.job) == [1])
    }

    @Test func aShardIsConcludedByTheWorkerItWasGivenTo() throws {
        var stage = try Stage()
        let coordinator = stage.join(1, .coordinator)
        let worker = stage.join(2, .worker)
        let key = ShardKey(run: 1, step: 0, phase: 0, shard: 0)
        stage.say(.askShards([Shard(key: key, kind: "density.embed", specification: [])]), as: coordinator)
        let held = try #require(stage.dispatches(to: worker).first)
        let thief = stage.join(3, .worker)
        func report(as peer: PeerID) {
            let ending = Report.Ending.shard(sha256: Stage.hash, output: stage.blob(10), computeMilliseconds: 1)
            stage.say(.result(Report(token: held.token, job: held.job, ending: ending)), as: peer)
        }
        report(as: thief)
        #expect(stage.answers(to: coordinator).allSatisfy { if case .shardDone = $0 { false } else { true } })
        report(as: worker)
        #expect(stage.answers(to: coordinator).contains { if case .shardDone = $0 { true } else { false } })
        #expect(stage.live.isEmpty)
    }

    @Test func aScoreOfAnotherVersionThanWasAskedForDoesNotCount() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker)
        stage.say(.submit(try stage.submission("a")), as: gateway)
        let held = try #require(stage.dispatches(to: worker).first)
        stage.score(held, with: "mine", as: worker)
        #expect(stage.outcomes.count == 1)
        guard case .failedAttempt(let code, let reason)? = stage.outcomes.first?.ending else {
            Issue.record("\(stage.outcomes)")
            return
        }
        #expect(code == 409 && reason.contains("mine"))
    }

    @Test func aWorkerCannotClaimJobsItWasNotGiven() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        stage.say(.submit(try stage.submission("a")), as: gateway)
        // The broker has found out what was under way before it.
        for _ in 0..<60 {
            stage.say(.heartbeat(Heartbeat()), as: gateway)
            stage.tick(after: 100_000)
        }
        for token in [Token(epoch: 0, counter: 7), Token(epoch: 1, counter: 1)] {
            let hello = Introduction(
                role: .worker, name: "thief", credits: 0, held: [.init(token: token, job: .clip(1))])
            stage.say(.hello(hello), as: PeerID(9))
            #expect(stage.broker.status.leased == 0)
            #expect(Self.isCancelled(stage.answers(to: PeerID(9)), token))
        }
    }

    @Test func whatTheDatabaseRefusesIsReplacedAndTheOthersGoOn() throws {
        var configuration = BrokerConfiguration()
        configuration.retry.attempts = 1
        var stage = try Stage(configuration: configuration)
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker, credits: 3)
        for key in ["a", "b", "c"] { stage.say(.submit(try stage.submission(key)), as: gateway) }
        let held = stage.dispatches(to: worker)
        #expect(held.count == 3)
        stage.refuses = { record in
            if case .dead(let code, _) = record.ending { code == 1 } else { false }
        }
        stage.fail(held[1], permanent: true, as: worker)
        for dispatch in [held[0], held[2]] { stage.score(dispatch, as: worker) }
        stage.tick(after: 5_000_000)
        #expect(stage.outcomes.map(\.job).sorted() == [1, 2, 3])
        guard case .dead(let code, let reason)? = stage.outcomes.first(where: { $0.job == 2 })?.ending else {
            Issue.record("\(stage.outcomes)")
            return
        }
        #expect(code == 411 && reason.contains("integer out of range"))
    }

    // MARK: bounds

    @Test func questionsGoToTheLedgerAFewAtATime() throws {
        var stage = try Stage()
        let (loud, quiet) = (stage.join(1, .gateway), stage.join(2, .gateway))
        stage.ledgerFault = .unreachable
        for job in 1...1_000 { stage.say(.follow(key: "k", job: Int64(job)), as: loud) }
        stage.say(.follow(key: "k", job: 5_000), as: quiet)
        stage.ledgerFault = nil
        stage.tick(after: 10_000_000)
        #expect(stage.inquiries.allSatisfy { $0 <= 16 })
        #expect(stage.inquiries.reduce(0, +) == 1_001)
        let refusals = stage.heard.compactMap { answer -> PeerID? in
            if case .reject(_, .unknownJob) = answer.answer { answer.peer } else { nil }
        }
        // Whoever asks one thing does not wait for whoever asks a thousand.
        #expect(try #require(refusals.firstIndex(of: quiet)) < 64)
    }

    @Test func aGatewayFollowsABoundedNumberOfClips() throws {
        var configuration = BrokerConfiguration()
        configuration.followLimit = 3
        var stage = try Stage(configuration: configuration)
        let gateway = stage.join(1, .gateway)
        for number in 1...3 { stage.say(.submit(try stage.submission("\(number)", follow: true)), as: gateway) }
        _ = stage.answers(to: gateway)
        stage.say(.follow(key: "x", job: 99), as: gateway)
        #expect(Self.isBusy(stage.answers(to: gateway), .tooMuchFollowed))
        stage.say(.submit(try stage.submission("4", follow: true)), as: gateway)
        #expect(Self.isBusy(stage.answers(to: gateway), .tooMuchFollowed))
        let worker = stage.join(2, .worker, credits: 1)
        let dispatch = try #require(stage.dispatches(to: worker).first)
        stage.score(dispatch, as: worker)
        stage.say(.submit(try stage.submission("4", follow: true)), as: gateway)
        #expect(stage.answers(to: gateway).contains { if case .accepted("4", _, false) = $0 { true } else { false } })
    }

    @Test func aPeerWaitsForABoundedNumberOfContents() throws {
        var configuration = BrokerConfiguration()
        configuration.fetchLimit = 2
        var stage = try Stage(configuration: configuration)
        let worker = stage.join(1, .worker)
        stage.ledgerFault = .unreachable
        for number: UInt8 in 1...3 { stage.say(.fetch(ContentHash(of: [number])), as: worker) }
        #expect(Self.isBusy(stage.answers(to: worker), .tooMuchFetched))
    }

    @Test func aSitePushesSoMuchADayAndNotMore() throws {
        var configuration = BrokerConfiguration()
        configuration.dailySiteBytes = 2_500
        configuration.clientPatience = .max / 2
        var stage = try Stage(configuration: configuration)
        let gateway = stage.join(1, .gateway)
        func push(_ key: String, site: String = "s") throws -> [Answer] {
            stage.say(.submit(try stage.submission(key, site: site)), as: gateway)
            return stage.answers(to: gateway)
        }
        func isOverQuota(_ answers: [Answer]) -> Bool {
            answers.contains { if case .reject(_, .overQuota) = $0 { true } else { false } }
        }
        for key in ["a", "b"] { #expect(try !isOverQuota(push(key))) }
        #expect(try isOverQuota(push("c")))
        #expect(try !isOverQuota(push("c", site: "other")))
        // The same clip again costs nothing.
        #expect(try !isOverQuota(push("a")))
        stage.tick(after: 86_400_000_000)
        #expect(try !isOverQuota(push("c")))
        #expect(stage.live.count <= 4)
    }

    @Test func sitesCannotBeInventedWithoutEnd() throws {
        var configuration = BrokerConfiguration()
        configuration.siteLimit = 2
        var stage = try Stage(configuration: configuration)
        let gateway = stage.join(1, .gateway)
        for site in ["a", "b", "c", "a"] {
            stage.say(.submit(try stage.submission(site + "1", site: site)), as: gateway)
        }
        #expect(stage.rows.map(\.site) == ["a", "b"])
        #expect(
            stage.answers(to: gateway).count { if case .reject(_, .tooManySites) = $0 { true } else { false } } == 1)
    }

    @Test func aPeerThatHasLeftLeavesNoQuestionsBehind() throws {
        var stage = try Stage()
        stage.ledgerFault = .unreachable
        for number in 1...20 {
            let gateway = stage.join(number, .gateway)
            for job in 1...50 { stage.say(.follow(key: "k", job: Int64(number * 100 + job)), as: gateway) }
            stage.say(.goodbye, as: gateway)
        }
        stage.ledgerFault = nil
        stage.tick(after: 10_000_000)
        #expect(stage.inquiries.reduce(0, +) <= 32)
    }
}
