import Ledger
import Plant
import Testing

/// How runs stop and go on.
@Suite struct CheckpointLedgerTests {
    private func started(_ kind: LedgerKind) throws -> (ledger: any AnyLedger, run: Int64, fence: Int64) {
        let ledger = try kind.make()
        try ledger.createDataset("plant", feature: nil)
        let run = try ledger.submit(Samples.request())
        let fence = try ledger.openFence(holder: "coordinator")
        _ = try ledger.claimRun(fence: fence)
        return (ledger, run, fence)
    }

    @Test(arguments: LedgerKind.allCases)
    func theNewestCheckpointIsFound(_ kind: LedgerKind) throws {
        let (ledger, run, fence) = try started(kind)
        #expect(try ledger.checkpoint(of: run) == nil)
        for step in [0, 50, 100, 150] {
            try ledger.keep(CheckpointRecord(step: step, state: [UInt8(step), 7]), of: run, fence: fence)
            #expect(try ledger.checkpoint(of: run) == CheckpointRecord(step: step, state: [UInt8(step), 7]))
        }
        // The same step again replaces it.
        try ledger.keep(CheckpointRecord(step: 150, state: [1]), of: run, fence: fence)
        #expect(try ledger.checkpoint(of: run)?.state == [1])
        #expect(
            try code { try ledger.keep(CheckpointRecord(step: 1, state: []), of: run, fence: fence - 1) } == .fenced)
    }

    @Test(arguments: LedgerKind.allCases)
    func aPausedRunGoesOnAndAFinishedOneDoesNot(_ kind: LedgerKind) throws {
        let (ledger, run, fence) = try started(kind)
        #expect(try ledger.pause(run) == .running)
        #expect(try ledger.pausedRuns(fence: fence) == [run])
        try ledger.confirmPause(of: run, fence: fence)
        #expect(try ledger.run(run)?.state == .paused)
        #expect(try ledger.pausedRuns(fence: fence) == [])
        #expect(try ledger.claimRun(fence: fence) == nil)
        try ledger.resume(run)
        #expect(try ledger.claimRun(fence: fence)?.run == run)
        #expect(try code { try ledger.resume(run) } == .refused)
        try ledger.fail(run, reason: "worn out", fence: fence)
        #expect(try code { try ledger.resume(run) } == .refused)
        try ledger.keep(CheckpointRecord(step: 3, state: [3]), of: run, fence: fence)
        try ledger.resume(run)
        let resumed = try #require(try ledger.run(run))
        #expect(resumed.state == .queued && resumed.reason == nil && resumed.finishedAt == nil)
        #expect(try ledger.pause(run) == .paused)
        #expect(try ledger.cancel(run) == .cancelled)
        #expect(try code { _ = try ledger.pause(99) } == .notFound)
        #expect(try code { try ledger.resume(99) } == .notFound)
    }

    @Test(arguments: LedgerKind.allCases)
    func aForkBeginsWithTheNewestCheckpoint(_ kind: LedgerKind) throws {
        let (ledger, run, fence) = try started(kind)
        #expect(try code { _ = try ledger.fork(run, specification: "{}") } == .refused)
        #expect(try code { _ = try ledger.fork(99, specification: "{}") } == .notFound)
        for step in [1, 2] {
            try ledger.keep(CheckpointRecord(step: step, state: [UInt8(step)]), of: run, fence: fence)
        }
        let child = try ledger.fork(run, specification: "{\"seed\": 5}")
        #expect(child != run)
        let record = try #require(try ledger.run(child))
        #expect(record.state == .queued && record.request.specification.contains("5"))
        #expect(record.request.dataset == "plant")
        #expect(try ledger.checkpoint(of: child) == CheckpointRecord(step: 2, state: [2]))
    }

    @Test(arguments: LedgerKind.allCases)
    func aStepRemembersItsValidationAndWhatItBeganWith(_ kind: LedgerKind) throws {
        let (ledger, run, fence) = try started(kind)
        let (before, after) = (ContentHash(of: [1]), ContentHash(of: [2]))
        let step = StepRecord(
            step: 1, loss: 2, learningRate: 0.1, weightsHash: after, clipsPerSecond: 3, hashBefore: before,
            isSkipped: true)
        try ledger.record([], step: step, progress: 0.1, of: run, fence: fence)
        for loss in [1.25, 9] { try ledger.recordValidation(loss: loss, step: 1, of: run, fence: fence) }
        var expected = step
        expected.validationLoss = 1.25
        #expect(try ledger.steps(of: run, after: 0) == [expected])
    }
}
