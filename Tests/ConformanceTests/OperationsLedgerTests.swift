import Ledger
import Testing

@Suite struct OperationsLedgerTests {
    @Test(arguments: LedgerKind.allCases)
    func theOldestClipTellsTheWait(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        #expect(
            try ledger.queueCounts()
                == QueueCounts(accepted: 0, waiting: 0, scored: 0, dead: 0, oldestWaitSeconds: nil))
        _ = try ledger.accept([Samples.clip("a"), Samples.clip("b")], epoch: epoch)
        let counts = try ledger.queueCounts()
        #expect(counts.accepted == 2 && counts.waiting == 2)
        #expect((0..<60).contains(try #require(counts.oldestWaitSeconds)))
    }

    @Test(arguments: LedgerKind.allCases)
    func workersAreReplaced(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let epoch = try ledger.openEpoch(holder: "broker")
        func worker(_ name: String, leased: Int) -> WorkerRecord {
            WorkerRecord(
                name: name, host: "plant-1", process: 4711, leased: leased, credits: 3, isDraining: leased > 1,
                finished: 1 << 40, doing: leased > 0 ? "clip 7 of fan/id_00" : "")
        }
        try ledger.record([worker("worker-2", leased: 0), worker("worker-1", leased: 1)], epoch: epoch)
        #expect(try ledger.workers() == [worker("worker-1", leased: 1), worker("worker-2", leased: 0)])
        try ledger.record([worker("worker-3", leased: 5), worker("worker-2", leased: 2)], epoch: epoch)
        #expect(try ledger.workers() == [worker("worker-2", leased: 2), worker("worker-3", leased: 5)])
    }

    @Test(arguments: LedgerKind.allCases)
    func theFleetIsAsTheOperatorWants(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        #expect(try ledger.fleetWish() == nil)
        try ledger.scale(to: 4)
        try ledger.scale(to: 2)
        #expect(try ledger.fleetWish() == FleetWish(workers: 2, number: 2))
        try ledger.scale(to: 2)
        #expect(try ledger.fleetWish() == FleetWish(workers: 2, number: 3))
        #expect(try code { try ledger.scale(to: -1) } == .refused)
        #expect(try code { try ledger.scale(to: 4097) } == .refused)
        #expect(try ledger.fleetWish() == FleetWish(workers: 2, number: 3))
    }

    @Test(arguments: LedgerKind.allCases)
    func signalsAreHeardOnce(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let all = Set(LedgerSignal.allCases)
        #expect(try ledger.signals(all, waitMilliseconds: 0) == all)
        #expect(try ledger.signals(all, waitMilliseconds: 0).isEmpty)
        try ledger.createDataset("plant", feature: nil)
        let run = try ledger.submit(Samples.request())
        #expect(try ledger.signals([.championsChanged], waitMilliseconds: 0).isEmpty)
        #expect(try ledger.signals([.runSubmitted], waitMilliseconds: 10_000) == [.runSubmitted])
        #expect(try ledger.signals(all, waitMilliseconds: 0).isEmpty)
        _ = try ledger.claimRun(fence: ledger.openFence(holder: "coordinator"))
        #expect(try ledger.cancel(run) == .running)
        #expect(try ledger.signals(all, waitMilliseconds: 10_000) == [.runCancelled])
        _ = try ledger.promote(ledger.addModel(Samples.model("a")).version, machines: nil)
        #expect(try ledger.signals(all, waitMilliseconds: 10_000) == [.championsChanged])
        try ledger.scale(to: 1)
        #expect(try ledger.signals(all, waitMilliseconds: 10_000) == [.fleetChanged])
        try ledger.record([WorkerRecord](), epoch: ledger.openEpoch(holder: "broker"))
        #expect(try ledger.signals(all, waitMilliseconds: 10_000) == [.workersChanged])
    }
}
