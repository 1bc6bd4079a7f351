import Ledger
import Plant
import Testing

@Suite struct ClipLedgerTests {
    @Test(arguments: LedgerKind.allCases)
    func eachEpochFencesTheOneBefore(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let first = try ledger.openEpoch(holder: "broker-a")
        let second = try ledger.openEpoch(holder: "broker-b")
        #expect(second == first + 1)
        let clip = try Samples.clip("a")
        #expect(try code { _ = try ledger.accept([clip], epoch: first) } == .fenced)
        #expect(try code { try ledger.record([Samples.result(1)], epoch: first) } == .fenced)
        #expect(try code { try ledger.recordContent([(clip.sha256, clip.location)], epoch: first) } == .fenced)
        #expect(try code { try ledger.record([WorkerRecord](), epoch: first) } == .fenced)
        #expect(try ledger.pendingClips(after: 0, limit: 10).isEmpty)
        #expect(try ledger.accept([clip], epoch: second).count == 1)
    }

    @Test(arguments: LedgerKind.allCases)
    func acceptedClipsComeBackAsTheyWere(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let clips = [try Samples.clip("b"), try Samples.logMelClip("c"), try Samples.clip("a")]
        let accepted = try ledger.accept(clips, epoch: epoch)
        #expect(accepted.map(\.key) == ["b", "c", "a"])
        #expect(accepted.allSatisfy { !$0.duplicate && $0.sameContent })
        #expect(accepted.map(\.job) == accepted.map(\.job).sorted() && Set(accepted.map(\.job)).count == 3)
        let pending = try ledger.pendingClips(after: 0, limit: 10)
        #expect(pending.map(\.clip) == clips)
        #expect(pending.map(\.job) == accepted.map(\.job))
        #expect(pending.allSatisfy { $0.attempts == 0 && abs($0.acceptedAt - MemoryLedger.systemTime()) < 60_000_000 })
        #expect(try ledger.accept([], epoch: epoch) == [])
    }

    @Test(arguments: LedgerKind.allCases)
    func aKeyIsOneJobPerSite(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let first = try ledger.accept([Samples.clip("a"), Samples.clip("a")], epoch: epoch)
        #expect(first.map(\.duplicate) == [false, true])
        #expect(first[0].job == first[1].job)
        let again = try ledger.accept(
            [
                Samples.clip("new"), Samples.clip("a"), Samples.clip("a", content: "other"),
                Samples.clip("a", site: "s"),
            ],
            epoch: epoch)
        #expect(again.map(\.duplicate) == [false, true, true, false])
        #expect(again.map(\.sameContent) == [true, true, false, true])
        #expect(again[1].job == first[0].job && again[2].job == first[0].job)
        #expect(try ledger.pendingClips(after: 0, limit: 10).map(\.clip.key) == ["a", "new", "a"])
    }

    @Test(arguments: LedgerKind.allCases)
    func aResultIsWrittenOncePerModel(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let job = try ledger.accept([Samples.clip("a")], epoch: epoch)[0].job
        #expect(try ledger.outcome(of: job) == nil)
        try ledger.record([Samples.result(job, score: 1), Samples.result(job, score: 2)], epoch: epoch)
        try ledger.record([Samples.result(job, score: 3)], epoch: epoch)
        #expect(try ledger.outcome(of: job) == Samples.result(job, score: 1))
        try ledger.record([Samples.result(job, model: "density-2", score: 4)], epoch: epoch)
        #expect(try ledger.outcome(of: job) == Samples.result(job, score: 1))
        let counts = try ledger.queueCounts()
        #expect(counts.accepted == 1 && counts.scored == 1 && counts.waiting == 0 && counts.dead == 0)
    }

    @Test(arguments: LedgerKind.allCases)
    func theFirstEndingWins(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept(["a", "b", "c"].map { try Samples.clip($0) }, epoch: epoch).map(\.job)
        try ledger.record([Samples.death(jobs[0]), Samples.bareResult(jobs[1])], epoch: epoch)
        try ledger.record([Samples.result(jobs[0]), Samples.death(jobs[1])], epoch: epoch)
        // In one batch a result comes first.
        try ledger.record([Samples.death(jobs[2]), Samples.result(jobs[2])], epoch: epoch)
        #expect(try ledger.outcome(of: jobs[0]) == Samples.death(jobs[0]))
        #expect(try ledger.outcome(of: jobs[1]) == Samples.bareResult(jobs[1]))
        #expect(try ledger.outcome(of: jobs[2]) == Samples.result(jobs[2]))
        #expect(try ledger.pendingClips(after: 0, limit: 10).isEmpty)
        #expect(try ledger.queueCounts().dead == 1)
    }

    @Test(arguments: LedgerKind.allCases)
    func failedAttemptsAreCountedOnce(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let job = try ledger.accept([Samples.clip("a")], epoch: epoch)[0].job
        let failures = [Samples.failure(job, attempt: 1), Samples.failure(job, attempt: 2)]
        try ledger.record(failures, epoch: epoch)
        try ledger.record(failures, epoch: epoch)
        #expect(try ledger.pendingClips(after: 0, limit: 1).first?.attempts == 2)
        #expect(try ledger.outcome(of: job) == nil)
    }

    @Test(arguments: LedgerKind.allCases)
    func outcomesOfUnknownJobsAreNobodys(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        for job in [Int64.min, 0, 99, .max] {
            let outcomes = [Samples.result(job), Samples.death(job), Samples.failure(job, attempt: 1)]
            try ledger.record(outcomes, epoch: epoch)
            #expect(try ledger.outcome(of: job) == nil)
        }
        let job = try ledger.accept([Samples.clip("a")], epoch: epoch)[0].job
        try ledger.record([Samples.result(job + 1), Samples.result(job)], epoch: epoch)
        #expect(try ledger.outcome(of: job) != nil)
    }

    @Test(arguments: LedgerKind.allCases)
    func pendingClipsComeInPagesAndSurviveANewEpoch(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        var epoch = try ledger.openEpoch(holder: "broker")
        let clips = try (0..<10).map { try Samples.clip("key \($0)") }
        let jobs = try ledger.accept(clips, epoch: epoch).map(\.job)
        try ledger.record([0, 1, 4].map { Samples.result(jobs[$0]) } + [Samples.death(jobs[7])], epoch: epoch)
        let open = [2, 3, 5, 6, 8, 9].map { jobs[$0] }
        for _ in 0..<2 {
            let page = try ledger.pendingClips(after: 0, limit: 4).map(\.job)
            let rest = try ledger.pendingClips(after: page.last ?? 0, limit: 4).map(\.job)
            #expect(page + rest == open && page.count == 4)
            epoch = try ledger.openEpoch(holder: "next")
        }
        try ledger.record(open.map { Samples.result($0) }, epoch: epoch)
        epoch = try ledger.openEpoch(holder: "last")
        #expect(try ledger.pendingClips(after: 0, limit: 4).isEmpty)
        let job = try ledger.accept([Samples.clip("late")], epoch: epoch)[0].job
        #expect(try ledger.pendingClips(after: 0, limit: 4).map(\.job) == [job])
    }

    @Test(arguments: LedgerKind.allCases)
    func contentLiesWhereItWasPutLast(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let hash = Samples.hash("content")
        let places = (1...3).map { SegmentLocation(segment: $0, offset: 2, length: 3) }
        #expect(try ledger.location(of: hash) == nil)
        try ledger.recordContent([(hash, places[0])], epoch: epoch)
        #expect(try ledger.location(of: hash) == places[0])
        try ledger.recordContent([(hash, places[1]), (Samples.hash("more"), places[2])], epoch: epoch)
        #expect(try ledger.location(of: hash) == places[1])
        #expect(try ledger.location(of: Samples.hash("more")) == places[2])
        #expect(
            try ledger.reach(intoSegment: 2, of: .content) == SegmentReach(lastSegment: 3, lastLocation: places[1]))
        let kept = try ledger.keptPayloads(of: .content, after: nil, limit: 1)
        let rest = try ledger.keptPayloads(of: .content, after: kept.last, limit: 9)
        #expect(Set((kept + rest).map(\.sha256)) == [hash, Samples.hash("more")] && rest.count == 1)
    }
}
