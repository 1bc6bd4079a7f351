import Ledger
import Plant
import PostgreSQL
import TestSupport
import Testing

@Suite struct RetentionLedgerTests {
    private func days(_ count: Int64) -> Int64 { MemoryLedger.systemTime() + count * 86_400_000_000 }

    private func clip(_ key: String, segment: Int64 = 1) throws -> ClipRecord {
        var clip = try Samples.clip(key)
        clip.location.segment = segment
        return clip
    }

    @Test(arguments: LedgerKind.allCases)
    func aPolicyIsKeptAndOneOutOfRangeRefused(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        #expect(try ledger.retentionPolicy() == RetentionPolicy())
        let policies = [
            RetentionPolicy(bytesDays: 1, rowsDays: 36_500), RetentionPolicy(rowsDays: 30),
            RetentionPolicy(bytesDays: 30), RetentionPolicy(),
        ]
        for policy in policies {
            try ledger.keep(policy)
            #expect(try ledger.retentionPolicy() == policy)
        }
        for policy in [
            RetentionPolicy(bytesDays: 0), RetentionPolicy(rowsDays: 36_501),
            RetentionPolicy(bytesDays: 8, rowsDays: 7),
        ] {
            #expect(try code { try ledger.keep(policy) } == .refused)
        }
        #expect(try ledger.retentionPolicy() == RetentionPolicy())
    }

    @Test(arguments: LedgerKind.allCases)
    func aScoredDayGoesWhenItsTimeIsOver(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let clips = try ["a", "b"].map { try clip($0) }
        let jobs = try ledger.accept(clips, epoch: epoch).map(\.job)
        try ledger.record(jobs.map { Samples.result($0) } + [Samples.failure(jobs[0], attempt: 1)], epoch: epoch)
        #expect(try ledger.dropOldDays(at: days(10_000)) == 0, "for ever, unless told otherwise")
        try ledger.keep(RetentionPolicy(bytesDays: 7, rowsDays: 30))
        #expect(try ledger.dropOldDays(at: nil) == 0)
        #expect(try ledger.dropOldDays(at: days(29)) == 0)
        #expect(try ledger.outcome(of: jobs[0]) != nil)
        #expect(try ledger.dropOldDays(at: days(32)) == 0, "clips are filed under this day still")
        try ledger.settle(epoch: epoch, at: days(32))
        #expect(try ledger.dropOldDays(at: days(32)) == 1)
        #expect(try ledger.dropOldDays(at: days(32)) == 0)
        #expect(try ledger.outcome(of: jobs[0]) == nil)
        #expect(try ledger.queueCounts().accepted == 0)
        #expect(try ledger.pendingClips(after: 0, limit: 10).isEmpty)
        // What comes late for a dropped clip is nobody's; its key is new again.
        try ledger.settle(epoch: epoch, at: nil)
        try ledger.record([Samples.death(jobs[0])], epoch: epoch)
        #expect(try ledger.outcome(of: jobs[0]) == nil)
        #expect(try ledger.accept(clips, epoch: epoch).map(\.duplicate) == [false, false])
        #expect(try ledger.pendingClips(after: 0, limit: 10).count == 2)
    }

    @Test(arguments: LedgerKind.allCases)
    func aClipThatWasNeverScoredIsNeverDropped(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept(["scored", "dead", "open"].map { try clip($0) }, epoch: epoch).map(\.job)
        try ledger.record([Samples.result(jobs[0]), Samples.death(jobs[1])], epoch: epoch)
        try ledger.keep(RetentionPolicy(bytesDays: 1, rowsDays: 1))
        #expect(try ledger.dropOldDays(at: days(10_000)) == 0)
        #expect(try ledger.pendingClips(after: 0, limit: 10).map(\.job) == [jobs[2]])
        try ledger.record([Samples.result(jobs[2])], epoch: epoch)
        #expect(try ledger.dropOldDays(at: days(10_000)) == 0)
        #expect(try ledger.outcome(of: jobs[1]) == Samples.death(jobs[1]))
        #expect(try ledger.outcome(of: jobs[0]) != nil)
    }

    @Test(arguments: LedgerKind.allCases)
    func aClipThatWasGivenUpHoldsNothing(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let clips = try [clip("dropped", segment: 1), clip("dead", segment: 2)]
        let jobs = try ledger.accept(clips, epoch: epoch).map(\.job)
        try ledger.record(jobs.map { Samples.death($0) }, epoch: epoch)
        try ledger.keep(RetentionPolicy(bytesDays: 7, rowsDays: 30))
        #expect(try ledger.dropDeadLetters([jobs[0]], reason: "a broken cable", by: "an operator") == 1)
        #expect(try ledger.unneededSegments(among: [1, 2], at: days(6)).isEmpty)
        #expect(try ledger.unneededSegments(among: [1, 2], at: days(8)) == [1])
        try ledger.settle(epoch: epoch, at: days(32))
        #expect(try ledger.dropOldDays(at: days(32)) == 0, "the other one still holds the day")
        #expect(try ledger.dropDeadLetters([jobs[1]], reason: "", by: "an operator") == 1)
        #expect(try ledger.unneededSegments(among: [1, 2], at: days(8)) == [1, 2])
        #expect(try ledger.dropOldDays(at: days(32)) == 1)
        #expect(try ledger.outcome(of: jobs[0]) == nil)
    }

    @Test(arguments: LedgerKind.allCases)
    func bytesGoBeforeRowsButNotThoseOfUnscoredClips(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        // Of the segments, 1 is scored, 2 and -3 only in part, 4 holds a dead letter, 5 and -6 nobody knows.
        let segments: [Int64] = [1, 1, 2, 2, -3, -3, 4]
        let clips = try segments.enumerated().map { try clip("\($0.offset)", segment: $0.element) }
        let jobs = try ledger.accept(clips, epoch: epoch).map(\.job)
        try ledger.record([0, 1, 2, 4].map { Samples.result(jobs[$0]) } + [Samples.death(jobs[6])], epoch: epoch)
        let all: [Int64] = [-6, -3, 1, 2, 4, 5]
        #expect(try ledger.unneededSegments(among: all, at: days(10_000)).isEmpty)
        try ledger.keep(RetentionPolicy(bytesDays: 7))
        #expect(try ledger.unneededSegments(among: all, at: nil) == [-6, 5])
        #expect(try ledger.unneededSegments(among: all, at: days(6)) == [-6, 5])
        #expect(try ledger.unneededSegments(among: all, at: days(8)) == [-6, 1, 5])
        try ledger.record([Samples.result(jobs[3])], epoch: epoch)
        #expect(try ledger.unneededSegments(among: all, at: days(8)) == [-6, 1, 2, 5])
        // Bytes without a time of their own live as long as their rows.
        try ledger.keep(RetentionPolicy(rowsDays: 7))
        #expect(try ledger.unneededSegments(among: all, at: days(8)) == [-6, 5])
    }

    @Test func anAnalystSeesWhatHoldsADay() throws {
        let database = try PrivateDatabase(copyOf: "auscult_ledger") { url in
            _ = try Migrator(Connection(url)).migrate()
        }
        let ledger = PostgreSQLLedger(database.url)
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept([clip("a"), clip("b")], epoch: epoch).map(\.job)
        try ledger.record([Samples.result(jobs[0])], epoch: epoch)
        try ledger.keep(RetentionPolicy(bytesDays: 7, rowsDays: 30))
        let analyst = try Connection(database.analystURL)
        let day = try analyst.execute("SELECT never_scored, due, bytes > 0 FROM retention_days")
        #expect(day.count == 1)
        #expect(try day[0].int64(0) == 1 && !day[0].bool(1) && day[0].bool(2))
        let now = try analyst.execute(
            "SELECT bytes_days, rows_days, oldest_day IS NOT NULL, days_held FROM retention_now")
        #expect(try now[0].int64(0) == 7 && now[0].int64(1) == 30 && now[0].bool(2) && now[0].int64(3) == 0)
        #expect(throws: PostgreSQLError.self) { try analyst.execute("SELECT set_retention(1, 1)") }
        #expect(throws: PostgreSQLError.self) { try analyst.execute("SELECT drop_old_days('2999-01-01')") }
    }

    /// An analyst's open transaction holds the tables: the day stays until the next call, and the queue goes on.
    @Test func aDayInUseStaysUntilLater() throws {
        let database = try PrivateDatabase(copyOf: "auscult_ledger") { url in
            _ = try Migrator(Connection(url)).migrate()
        }
        let ledger = PostgreSQLLedger(database.url)
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept([clip("a")], epoch: epoch).map(\.job)
        try ledger.record([Samples.result(jobs[0])], epoch: epoch)
        try ledger.keep(RetentionPolicy(rowsDays: 1))
        let analyst = try Connection(database.analystURL)
        try analyst.execute("BEGIN")
        #expect(try analyst.execute("SELECT count(*) FROM clips, results")[0].int64(0) == 1)
        try ledger.settle(epoch: epoch, at: days(10))
        #expect(try ledger.dropOldDays(at: days(10)) == 0)
        #expect(try ledger.accept([clip("b")], epoch: epoch).count == 1)
        #expect(try ledger.outcome(of: jobs[0]) != nil)
        try analyst.execute("COMMIT")
        try ledger.record([Samples.result(ledger.pendingClips(after: 0, limit: 1)[0].job)], epoch: epoch)
        #expect(try ledger.dropOldDays(at: days(10)) == 1)
    }
}
