import Ledger
import Plant
import Testing

/// Operators' orders in both ledgers.
@Suite struct OrderLedgerTests {
    @Test(arguments: LedgerKind.allCases)
    func aPauseStandsUntilItIsLifted(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let north = QueueScope(site: "north")
        let number = try ledger.pause(north, reason: "new sensors", by: "mia")
        #expect(try ledger.pause(north, reason: "once more", by: "max") == number)
        let fans = try ledger.pause(QueueScope(site: "south", machineType: "fan"), reason: "", by: "mia")
        let shards = try ledger.pause(QueueScope(kind: .shards), reason: "", by: "mia")
        let orders = try ledger.openOrders()
        #expect(
            orders == [
                OperatorOrder(number: number, action: .pause(north), reason: "new sensors", givenBy: "mia"),
                OperatorOrder(
                    number: fans, action: .pause(QueueScope(site: "south", machineType: "fan")), givenBy: "mia"),
                OperatorOrder(number: shards, action: .pause(QueueScope(kind: .shards)), givenBy: "mia"),
            ])
        // A pause is not the broker's to close.
        try ledger.close(order: number, clips: 0, epoch: ledger.openEpoch(holder: "broker"))
        #expect(try ledger.openOrders().count == 3)
        #expect(try ledger.resume(QueueScope(site: "east"), by: "mia") == 0)
        #expect(try ledger.resume(QueueScope(machineType: "fan"), by: "mia") == 1)
        #expect(try ledger.openOrders().map(\.number) == [number, shards])
        #expect(try ledger.resume(QueueScope(), by: "mia") == 2)
        #expect(try ledger.openOrders().isEmpty)
        #expect(try ledger.pause(north, reason: "", by: "mia") > shards)
    }

    @Test(arguments: LedgerKind.allCases)
    func anOrderIsOpenUntilABrokerHasDoneIt(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept([Samples.clip("a"), Samples.clip("b")], epoch: epoch).map(\.job)
        let first = try ledger.cancel(QueueScope(site: "north"), reason: "broken", by: "mia")
        let second = try ledger.cancel(jobs: jobs, reason: "", by: "mia")
        let open = try ledger.openOrders()
        #expect(
            open.map(\.action) == [.cancel(QueueScope(site: "north"), lastJob: jobs[1]), .cancelJobs(jobs)])
        #expect(try ledger.clipsTouched(byOrder: first) == nil)
        let next = try ledger.openEpoch(holder: "standby")
        // The broker that led before cannot say that it was done.
        #expect(try code { try ledger.close(order: first, clips: 2, epoch: epoch) } == .fenced)
        #expect(try ledger.openOrders() == open)
        try ledger.close(order: first, clips: 2, epoch: next)
        try ledger.close(order: first, clips: 0, epoch: next)
        #expect(try ledger.clipsTouched(byOrder: first) == 2)
        #expect(try ledger.openOrders().map(\.number) == [second])
    }

    @Test(arguments: LedgerKind.allCases)
    func aRetriedDeadLetterIsOpenWithItsAttemptsForgiven(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let clips = try ["a", "b", "c"].map { try Samples.clip($0) }
        let jobs = try ledger.accept(clips, epoch: epoch).map(\.job)
        try ledger.record(
            [Samples.failure(jobs[0], attempt: 1), Samples.death(jobs[0]), Samples.result(jobs[1])], epoch: epoch)
        let later = try ledger.openEpoch(holder: "broker")
        #expect(try ledger.retryDeadLetters(jobs, by: "mia") == 1)
        #expect(try ledger.retryDeadLetters(jobs, by: "mia") == 0)
        #expect(try ledger.openOrders().map(\.action) == [.retry([jobs[0]])])
        #expect(try ledger.outcome(of: jobs[0]) == nil)
        let found = try ledger.pendingClips(among: jobs)
        #expect(found.map(\.job) == [jobs[0], jobs[2]])
        #expect(found.map(\.attempts) == [3, 0])
        #expect(found.map(\.forgiven) == [3, 0])
        // Also a broker that starts now finds it, though all before it had ended when the last one did.
        #expect(try ledger.pendingClips(after: 0, limit: 10).map(\.job) == [jobs[0], jobs[2]])
        try ledger.record([Samples.bareResult(jobs[0])], epoch: later)
        #expect(try ledger.queueCounts().dead == 0)
        #expect(try ledger.queueCounts().waiting == 1)
    }

    @Test(arguments: LedgerKind.allCases)
    func aDroppedDeadLetterStaysDead(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept([Samples.clip("a"), Samples.clip("b")], epoch: epoch).map(\.job)
        try ledger.record(jobs.map { Samples.death($0) }, epoch: epoch)
        #expect(try ledger.dropDeadLetters([jobs[0], 4711], reason: "empty file", by: "mia") == 1)
        #expect(try ledger.dropDeadLetters([jobs[0]], reason: "again", by: "mia") == 0)
        #expect(try ledger.retryDeadLetters(jobs, by: "mia") == 1)
        #expect(try ledger.outcome(of: jobs[0]) != nil)
        #expect(try ledger.queueCounts().dead == 1)
        #expect(try ledger.pendingClips(after: 0, limit: 10).map(\.job) == [jobs[1]])
    }
}
