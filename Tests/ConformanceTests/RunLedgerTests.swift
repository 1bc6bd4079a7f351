import Ledger
import Plant
import Testing

@Suite struct RunLedgerTests {
    @Test(arguments: LedgerKind.allCases)
    func aRunIsSubmittedClaimedAndDone(_ kind: LedgerKind) throws {
        let ledger = try withDataset(kind)
        let run = try ledger.submit(Samples.request())
        let queued = try #require(try ledger.run(run))
        #expect(queued.request == Samples.request() && queued.state == .queued && queued.startedAt == nil)
        let fence = try ledger.openFence(holder: "coordinator")
        let claimed = try #require(try ledger.claimRun(fence: fence))
        #expect(claimed.run == run && claimed.state == .running && claimed.startedAt != nil)
        #expect(try ledger.claimRun(fence: fence) == nil)
        var draft = try Samples.model("a")
        draft.dataset = "plant"
        let model = try ledger.complete(run, model: draft, promoting: true, clipsPerSecond: 99.5, fence: fence)
        #expect(model.version == "density-1" && model.run == run)
        #expect(try ledger.complete(run, model: draft, promoting: true, clipsPerSecond: 1, fence: fence) == model)
        let done = try #require(try ledger.run(run))
        #expect(done.state == .done && done.progress == 1 && done.clipsPerSecond == 99.5)
        #expect(done.modelVersion == model.version && done.weightsHash == model.weightsHash)
        #expect(try #require(done.finishedAt) >= done.submittedAt)
        #expect(try ledger.models().count == 1)
        #expect(try code { try ledger.fail(run, reason: "late", fence: fence) } == .refused)
    }

    @Test(arguments: LedgerKind.allCases)
    func whatARunDoesWithoutIsKept(_ kind: LedgerKind) throws {
        let ledger = try withDataset(kind)
        let run = try ledger.submit(Samples.request())
        let fence = try ledger.openFence(holder: "coordinator")
        _ = try ledger.claimRun(fence: fence)
        #expect(try ledger.leftOut(of: run).isEmpty)
        let machine = try Samples.machine()
        let items = [
            LeftOut(machine: machine, clip: "b", reason: "is short"), LeftOut(machine: machine, reason: "has no clips"),
        ]
        for said in [Array(items.prefix(1)), items, items] {
            try ledger.record(said, of: run, fence: fence)
            #expect(try ledger.leftOut(of: run) == said)
        }
        #expect(try code { try ledger.record([], of: run, fence: fence - 1) } == .fenced)
    }

    @Test(arguments: LedgerKind.allCases)
    func twoRunsWithTheSameBytesMakeTwoVersions(_ kind: LedgerKind) throws {
        let ledger = try withDataset(kind)
        let fence = try ledger.openFence(holder: "coordinator")
        for version in ["density-1", "density-2"] {
            let run = try ledger.submit(Samples.request())
            _ = try ledger.claimRun(fence: fence)
            let model = try ledger.complete(
                run, model: Samples.model("same"), promoting: false, clipsPerSecond: 1, fence: fence)
            #expect(model.version == version)
        }
    }

    @Test(arguments: LedgerKind.allCases)
    func whatDoesNotExistIsNotFound(_ kind: LedgerKind) throws {
        let ledger = try withDataset(kind)
        let fence = try ledger.openFence(holder: "coordinator")
        var request = Samples.request()
        request.dataset = "other"
        #expect(try code { _ = try ledger.submit(request) } == .notFound)
        #expect(try code { _ = try ledger.submit(Samples.request(.evaluate, model: "density-1")) } == .notFound)
        #expect(try ledger.run(17) == nil)
        #expect(try ledger.runs(limit: 5).isEmpty)
        #expect(try ledger.steps(of: 17, after: 0).isEmpty)
        #expect(try code { _ = try ledger.cancel(17) } == .notFound)
        #expect(try code { try ledger.fail(17, reason: "", fence: fence) } == .notFound)
    }

    @Test(arguments: LedgerKind.allCases)
    func aSuccessorTakesOverWhatWasLeftAndFencesItsPredecessor(_ kind: LedgerKind) throws {
        let ledger = try withDataset(kind)
        let runs = try (0..<3).map { _ in try ledger.submit(Samples.request()) }
        let first = try ledger.openFence(holder: "coordinator-a")
        _ = try ledger.claimRun(fence: first)
        let started = try ledger.claimRun(fence: first)?.startedAt
        try ledger.fail(runs[0], reason: "no clips", fence: first)
        let second = try ledger.openFence(holder: "coordinator-b")
        #expect(second == first + 1)
        let left = try #require(try ledger.claimRun(fence: second))
        #expect(left.run == runs[1] && left.startedAt == started)
        #expect(try ledger.claimRun(fence: second)?.run == runs[2])
        #expect(try ledger.claimRun(fence: second) == nil)
        #expect(try code { _ = try ledger.claimRun(fence: first) } == .fenced)
        #expect(try code { try ledger.record([], step: nil, progress: 0.5, of: runs[1], fence: first) } == .fenced)
        #expect(try code { try ledger.fail(runs[1], reason: "", fence: first) } == .fenced)
        #expect(try code { try ledger.confirmCancel(of: runs[1], fence: first) } == .fenced)
        let draft = try Samples.model("a")
        #expect(
            try code {
                _ = try ledger.complete(runs[1], model: draft, promoting: true, clipsPerSecond: 1, fence: first)
            } == .fenced)
        #expect(try ledger.runs(limit: 2).map(\.run) == [runs[2], runs[1]])
        let failed = try #require(try ledger.run(runs[0]))
        #expect(failed.state == .failed && failed.reason == "no clips" && failed.finishedAt != nil)
    }

    @Test(arguments: LedgerKind.allCases)
    func cancelEndsAQueuedRunAndAsksARunningOneToStop(_ kind: LedgerKind) throws {
        let ledger = try withDataset(kind)
        let runs = try (0..<2).map { _ in try ledger.submit(Samples.request()) }
        let fence = try ledger.openFence(holder: "coordinator")
        _ = try ledger.claimRun(fence: fence)
        #expect(try ledger.cancelledRuns(fence: fence).isEmpty)
        #expect(try ledger.cancel(runs[0]) == .running)
        #expect(try ledger.cancel(runs[1]) == .cancelled)
        #expect(try ledger.cancelledRuns(fence: fence) == [runs[0]])
        #expect(try ledger.claimRun(fence: fence) == nil)
        try ledger.confirmCancel(of: runs[0], fence: fence)
        #expect(try ledger.run(runs[0])?.state == .cancelled)
        #expect(try ledger.cancel(runs[0]) == .cancelled)
        #expect(try ledger.cancelledRuns(fence: fence).isEmpty)
    }

    @Test(arguments: LedgerKind.allCases)
    func shardsAndStepsAreCountedOnce(_ kind: LedgerKind) throws {
        let ledger = try withDataset(kind)
        let run = try ledger.submit(Samples.request())
        let fence = try ledger.openFence(holder: "coordinator")
        _ = try ledger.claimRun(fence: fence)
        let shards = (0..<3).map { Samples.shard($0) }
        for _ in 0..<2 {
            try ledger.record(shards, step: Samples.step(1), progress: 0.25, of: run, fence: fence)
        }
        try ledger.record([Samples.shard(0, step: 2)], step: nil, progress: 0.5, of: run, fence: fence)
        #expect(try ledger.run(run)?.steps == 1)
        #expect(try ledger.run(run)?.progress == 0.5)
        let changedShard = [Samples.shard(7), Samples.shard(1, output: "other")]
        #expect(
            try code { try ledger.record(changedShard, step: nil, progress: 0.75, of: run, fence: fence) } == .refused)
        #expect(
            try code {
                try ledger.record(
                    [], step: Samples.step(1, weights: "other"), progress: 0.75, of: run, fence: fence)
            } == .refused)
        // What was refused left no trace.
        #expect(try ledger.run(run)?.progress == 0.5)
        try ledger.record([Samples.shard(7, output: "new")], step: Samples.step(2), progress: 1, of: run, fence: fence)
        #expect(try ledger.steps(of: run, after: 0) == [Samples.step(1), Samples.step(2)])
        #expect(try ledger.steps(of: run, after: 1) == [Samples.step(2)])
    }

    @Test(arguments: LedgerKind.allCases)
    func anEvaluationKeepsScoresAndFigures(_ kind: LedgerKind) throws {
        let ledger = try withDataset(kind)
        let fence = try ledger.openFence(holder: "coordinator")
        let model = try ledger.addModel(Samples.model("a"))
        #expect(try ledger.evaluation(of: model.version, on: "plant") == nil)
        for isSecond in [false, true] {
            let run = try ledger.submit(Samples.request(.evaluate, model: model.version))
            _ = try ledger.claimRun(fence: fence)
            let evaluation = try Self.evaluation(of: model.version, hasOneClipLess: isSecond)
            try ledger.complete(run, evaluation: evaluation, fence: fence)
            try ledger.complete(run, evaluation: evaluation, fence: fence)
            let done = try #require(try ledger.run(run))
            #expect(done.state == .done && done.modelVersion == model.version && done.weightsHash == model.weightsHash)
            let stored = try #require(try ledger.evaluation(of: model.version, on: "plant"))
            #expect(stored.clips == evaluation.clips)
            let (found, given) = (try #require(stored.machines.first), evaluation.machines[0])
            #expect(stored.machines.count == 1 && found.machine == given.machine)
            #expect(abs(found.auc - given.auc) < 1e-12 && abs(found.pauc - given.pauc) < 1e-12)
            #expect(found.aucInterval == given.aucInterval && found.paucInterval == given.paucInterval)
            #expect(found.normalCount == given.normalCount && found.anomalousCount == given.anomalousCount)
        }
    }

    /// Twenty scores with ties, whose areas scikit-learn gave, and one machine without anomalous clips.
    static func evaluation(of version: String, hasOneClipLess: Bool) throws -> EvaluationDraft {
        let normal = [0.1, 0.2, 0.2, 0.3, 0.35, 0.4, 0.5, 0.5, 0.6, 0.65, 0.7, 0.9]
        let anomalous = [0.3, 0.5, 0.55, 0.65, 0.8, 0.85, 0.95, 1.0]
        let machine = try Samples.machine()
        var clips = zip(normal + anomalous, 0...).map { score, index in
            EvaluatedClip(
                path: "clip \(10 + index)", machine: machine, isAnomaly: index >= normal.count, score: score,
                logOdds: index == 0 ? nil : score, neighbourDistance: 2, verdict: index == 1 ? nil : "normal")
        }
        clips.append(
            EvaluatedClip(path: "lonely", machine: try Samples.machine("fan/id_02"), isAnomaly: false, score: 0))
        if hasOneClipLess { clips.removeLast() }
        return EvaluationDraft(
            modelVersion: version, dataset: "plant", clips: clips,
            machines: [
                MachineEvaluation(
                    machine: machine, auc: 37.0 / 48, pauc: 143.0 / 228, aucInterval: 0.5...0.9,
                    paucInterval: 0.4...0.8, normalCount: 12, anomalousCount: 8)
            ])
    }

    private func withDataset(_ kind: LedgerKind) throws -> any AnyLedger {
        let ledger = try kind.make()
        try ledger.createDataset("plant", feature: nil)
        return ledger
    }
}
