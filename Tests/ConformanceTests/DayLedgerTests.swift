import Ledger
import Plant
import PostgreSQL
import TestSupport
import Testing

/// The days that jobs are filed under, and what is still open behind them, in both ledgers.
@Suite struct DayLedgerTests {
    /// The calendar this many days from now.
    private func days(_ count: Int64) -> Int64 { MemoryLedger.systemTime() + count * 86_400_000_000 }

    /// A dead battery, NTP that comes late, a year too far, a century back: jobs grow, and none that is open is lost.
    @Test(arguments: LedgerKind.allCases)
    func jobsGrowWhateverTheCalendarSays(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        var jobs: [Int64] = []
        for (number, day) in [0, 0, 1, -3, -3, 40, 39, 0, 366, 0, 22_000, -30_000, 1, 2].enumerated() {
            try ledger.settle(epoch: epoch, at: days(Int64(day)))
            jobs += try ledger.accept(["a", "b"].map { try Samples.clip("\($0)\(number)") }, epoch: epoch).map(\.job)
            #expect(try ledger.pendingClips(after: 0, limit: 100).map(\.job) == jobs, "after the day \(day)")
        }
        #expect(jobs == jobs.sorted() && Set(jobs).count == jobs.count)
        let next = try ledger.openEpoch(holder: "next")
        #expect(try ledger.pendingClips(after: 0, limit: 100).map(\.job) == jobs)
        try ledger.record(jobs.map { Samples.result($0) }, epoch: next)
        #expect(try ledger.pendingClips(after: 0, limit: 100).isEmpty)
        #expect(try ledger.queueCounts().scored == Int64(jobs.count))
    }

    @Test(arguments: LedgerKind.allCases)
    func whatIsOpenIsFoundBehindWhatHasEnded(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept((0..<9).map { try Samples.clip("\($0)") }, epoch: epoch).map(\.job)
        let open = [jobs[1], jobs[4], jobs[5], jobs[8]]
        try ledger.record(jobs.filter { !open.contains($0) }.map { Samples.death($0) }, epoch: epoch)
        for _ in 0..<3 { try ledger.settle(epoch: epoch, at: nil) }
        let late = try ledger.accept([Samples.clip("late"), Samples.clip("later")], epoch: epoch).map(\.job)
        // In pages of every size: those behind, then those ahead.
        for limit in 1...7 {
            var found: [Int64] = []
            while case let page = try ledger.pendingClips(after: found.last ?? 0, limit: limit), !page.isEmpty {
                let left = open.count + late.count - found.count
                #expect(page.count == min(limit, left))
                found += page.map(\.job)
            }
            #expect(found == open + late)
        }
        try ledger.record([Samples.result(jobs[4])], epoch: epoch)
        #expect(try ledger.pendingClips(after: jobs[1], limit: 2).map(\.job) == [jobs[5], jobs[8]])
        #expect(try ledger.queueCounts().waiting == 5)
    }

    @Test(arguments: LedgerKind.allCases)
    func aRevivedClipIsFoundWhereverItLies(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept((0..<4).map { try Samples.clip("\($0)") }, epoch: epoch).map(\.job)
        try ledger.record(jobs.map { Samples.death($0) }, epoch: epoch)
        for day in Int64(1)...3 { try ledger.settle(epoch: epoch, at: days(day)) }
        #expect(try ledger.retryDeadLetters([jobs[2]], by: "mia") == 1)
        #expect(try ledger.pendingClips(after: 0, limit: 10).map(\.job) == [jobs[2]])
        // A life that ends like the one before, and another one.
        try ledger.record([Samples.death(jobs[2])], epoch: epoch)
        #expect(try ledger.pendingClips(after: 0, limit: 10).isEmpty)
        #expect(try ledger.retryDeadLetters([jobs[2], jobs[0]], by: "mia") == 2)
        try ledger.settle(epoch: epoch, at: days(4))
        #expect(try ledger.pendingClips(after: 0, limit: 10).map(\.job) == [jobs[0], jobs[2]])
        try ledger.record([Samples.result(jobs[0]), Samples.result(jobs[2])], epoch: epoch)
        #expect(try ledger.pendingClips(after: 0, limit: 10).isEmpty)
    }

    @Test(arguments: LedgerKind.allCases)
    func aFormerLeaderSettlesNothing(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        _ = try ledger.openEpoch(holder: "next")
        #expect(try code { try ledger.settle(epoch: epoch, at: nil) } == .fenced)
    }

    /// A day that began under a calendar far ahead is as old as the days after it say.
    @Test(arguments: LedgerKind.allCases)
    func aDayFromTheFutureGetsOld(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        try ledger.settle(epoch: epoch, at: days(20_000))
        let job = try ledger.accept([Samples.clip("a")], epoch: epoch)[0].job
        try ledger.record([Samples.result(job)], epoch: epoch)
        try ledger.keep(RetentionPolicy(rowsDays: 30))
        #expect(try ledger.dropOldDays(at: days(40)) == 0)
        try ledger.settle(epoch: epoch, at: days(1))
        #expect(try ledger.dropOldDays(at: days(31)) == 0)
        #expect(try ledger.dropOldDays(at: days(40)) == 1)
        #expect(try ledger.queueCounts().accepted == 0)
    }

    /// The rule is written twice: in SQL and in Swift.
    @Test func bothLedgersFileUnderTheSameDays() throws {
        let database = try PrivateDatabase(copyOf: "auscult_ledger") { url in
            _ = try Migrator(Connection(url)).migrate()
        }
        let connection = try database.connect()
        var dice = SplitMix64(seed: 5)
        for _ in 0..<2_000 {
            let calendar = Int.random(in: -40_000...60_000, using: &dice)
            let newest = JobDay(number: Int.random(in: 1...60_000, using: &dice), calendar: calendar)
            let near = Int.random(in: -3...3, using: &dice)
            let today = [calendar + near, newest.number + near, -700_000, 4_000_000].randomElement(using: &dice) ?? 0
            let sql = try connection.execute(
                "SELECT auscult.next_day($1::integer, date '1970-01-01' + $2::integer, date '1970-01-01' + $3::integer)",
                [.int(newest.number), .int(newest.calendar), .int(today)])[0].int(0)
            #expect(JobDay.next(after: newest, today: today).number == sql, "\(newest), today \(today)")
            let first = try connection.execute(
                "SELECT auscult.next_day(NULL, NULL, date '1970-01-01' + $1::integer)", [.int(today)])[0].int(0)
            #expect(JobDay.next(after: nil, today: today).number == first)
        }
    }

    /// A retry of an old letter costs nobody but itself, and an operator who leaves it uncommitted stops nobody.
    @Test func anOperatorsOpenTransactionStopsNothing() throws {
        let database = try PrivateDatabase(copyOf: "auscult_ledger") { url in
            _ = try Migrator(Connection(url)).migrate()
        }
        let ledger = PostgreSQLLedger(database.url)
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept((0..<3).map { try Samples.clip("\($0)") }, epoch: epoch).map(\.job)
        try ledger.record(jobs.map { Samples.death($0) }, epoch: epoch)
        for _ in 0..<2 { try ledger.settle(epoch: epoch, at: nil) }
        let connection = try database.connect()
        let settled = try connection.execute("SELECT settled FROM auscult.broker_epoch")[0].int64(0)
        try connection.execute("BEGIN")
        try connection.execute("SELECT auscult.retry_dead_letters($1)", [.int64s([jobs[0]])])
        try connection.execute("SELECT auscult.drop_dead_letters($1)", [.int64s([jobs[1]])])
        // Whatever the broker does, also once more what it did before, goes on meanwhile.
        try ledger.record(jobs.map { Samples.death($0) }, epoch: epoch)
        try ledger.settle(epoch: epoch, at: nil)
        let next = try ledger.openEpoch(holder: "next")
        try ledger.accept([Samples.clip("late")], epoch: next).forEach {
            try ledger.record([Samples.result($0.job)], epoch: next)
        }
        #expect(try ledger.pendingClips(after: 0, limit: 10).isEmpty)
        try connection.execute("COMMIT")
        #expect(try ledger.pendingClips(after: 0, limit: 10).map(\.job) == [jobs[0]])
        let now = try connection.execute("SELECT settled FROM auscult.broker_epoch")[0].int64(0)
        #expect(settled == jobs[2] && now >= settled)
    }
}
