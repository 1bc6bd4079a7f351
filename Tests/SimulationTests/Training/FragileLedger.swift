import Ledger
import Nodes
import Plant
import Synchronization

/// What the database of a simulated training has seen, whoever wrote it.
final class LedgerWitness: Sendable {
    struct Seen {
        /// Every time a shard was counted.
        var shards: [ShardRecord] = []
        var violations: [String] = []
        var isAway = false
        var fence: Int64 = 0
    }

    let memory: MemoryLedger
    let sabotage: TrainingScenario.Sabotage?
    let seen = Mutex(Seen())

    init(sabotage: TrainingScenario.Sabotage?, now: @escaping @Sendable () -> Int64) {
        memory = MemoryLedger(now: now)
        self.sabotage = sabotage
    }
}

/// How long a coordinator's process lives: until a certain one of its actions, which it carries out or not.
final class Lifespan: Sendable {
    struct Died: Error {}

    private let state = Mutex<(actionsLeft: Int?, carriesOut: Bool, isOver: Bool)>((nil, false, false))

    var isOver: Bool { state.withLock { $0.isOver } }

    func end(after actions: Int, carriesOut: Bool) { state.withLock { $0 = (actions, carriesOut, $0.isOver) } }

    func act<Result>(_ action: () throws -> Result) throws -> Result {
        let (mayAct, isLast) = state.withLock { state in
            guard !state.isOver else { return (false, true) }
            let isLast = state.actionsLeft == 0
            state.actionsLeft = state.actionsLeft.map { $0 - 1 }
            if isLast { state.isOver = true }
            return (!isLast || state.carriesOut, isLast)
        }
        guard mayAct else { throw Died() }
        let result = try action()
        if isLast { throw Died() }
        return result
    }
}

/// The ledger as one coordinator reaches it: by a connection that breaks, and not longer than it lives.
final class FragileLedger: Coordinator.Ledgers {
    private let witness: LedgerWitness
    private let lifespan: Lifespan

    private var memory: MemoryLedger { witness.memory }

    init(_ witness: LedgerWitness, _ lifespan: Lifespan) { (self.witness, self.lifespan) = (witness, lifespan) }

    /// Carries a write out, unless the connection is broken.
    private func write<Result>(_ claimed: Int64, _ body: (Int64) throws -> Result) throws -> Result {
        try reach()
        let current = witness.seen.withLock { $0.fence }
        return try lifespan.act {
            let result = try body(witness.sabotage == .noFence ? current : claimed)
            if claimed != current { witness.seen.withLock { $0.violations.append("a replaced coordinator wrote") } }
            return result
        }
    }

    private func reach() throws {
        if witness.seen.withLock({ $0.isAway }) { throw LedgerError(.unreachable, "the database is away") }
    }

    func openFence(holder: String) throws -> Int64 {
        try reach()
        let opened = try memory.openFence(holder: holder)
        witness.seen.withLock { $0.fence = opened }
        return opened
    }

    func record(_ shards: [ShardRecord], step: StepRecord?, progress: Double, of run: Int64, fence: Int64) throws {
        try write(fence) { fence in
            try memory.record(shards, step: step, progress: progress, of: run, fence: fence)
            witness.seen.withLock { seen in
                for shard in shards {
                    let isNew = !seen.shards.contains {
                        ($0.step, $0.phase, $0.shard) == (shard.step, shard.phase, shard.shard)
                    }
                    if isNew || witness.sabotage == .noDedupe { seen.shards.append(shard) }
                }
            }
        }
    }

    func claimRun(fence: Int64) throws -> RunRecord? { try write(fence) { try memory.claimRun(fence: $0) } }
    func record(_ leftOut: [LeftOut], of run: Int64, fence: Int64) throws {
        try write(fence) { try memory.record(leftOut, of: run, fence: $0) }
    }
    func recordValidation(loss: Double, step: Int, of run: Int64, fence: Int64) throws {
        try write(fence) { try memory.recordValidation(loss: loss, step: step, of: run, fence: $0) }
    }
    func keep(_ checkpoint: CheckpointRecord, of run: Int64, fence: Int64) throws {
        try write(fence) { try memory.keep(checkpoint, of: run, fence: $0) }
    }
    func beginLearning(_ need: LearningNeed, fence: Int64) throws -> [MachineName] {
        try write(fence) { try memory.beginLearning(need, fence: $0) }
    }

    func complete(
        _ run: Int64, model: ModelDraft, promoting: Bool, clipsPerSecond: Double, fence: Int64
    ) throws -> ModelRecord {
        try write(fence) {
            try memory.complete(run, model: model, promoting: promoting, clipsPerSecond: clipsPerSecond, fence: $0)
        }
    }
    func complete(_ run: Int64, evaluation: EvaluationDraft, fence: Int64) throws {
        try write(fence) { try memory.complete(run, evaluation: evaluation, fence: $0) }
    }
    func fail(_ run: Int64, reason: String, fence: Int64) throws {
        try write(fence) { try memory.fail(run, reason: reason, fence: $0) }
    }
    func confirmCancel(of run: Int64, fence: Int64) throws {
        try write(fence) { try memory.confirmCancel(of: run, fence: $0) }
    }
    func confirmPause(of run: Int64, fence: Int64) throws {
        try write(fence) { try memory.confirmPause(of: run, fence: $0) }
    }
}

/// What is only read or asked for; it breaks as well.
extension FragileLedger {
    func submit(_ request: RunRequest) throws -> Int64 { try memory.submit(request) }
    func run(_ run: Int64) throws -> RunRecord? { try memory.run(run) }
    func runs(limit: Int) throws -> [RunRecord] { try memory.runs(limit: limit) }
    func leftOut(of run: Int64) throws -> [LeftOut] { try memory.leftOut(of: run) }
    func steps(of run: Int64, after step: Int) throws -> [StepRecord] {
        try reach()
        return try memory.steps(of: run, after: step)
    }
    func checkpoint(of run: Int64) throws -> CheckpointRecord? {
        try reach()
        return try memory.checkpoint(of: run)
    }
    func cancelledRuns(fence: Int64) throws -> [Int64] {
        try reach()
        return try memory.cancelledRuns(fence: fence)
    }
    func pausedRuns(fence: Int64) throws -> [Int64] {
        try reach()
        return try memory.pausedRuns(fence: fence)
    }
    func cancel(_ run: Int64) throws -> RunRecord.State { try memory.cancel(run) }
    func pause(_ run: Int64) throws -> RunRecord.State { try memory.pause(run) }
    func resume(_ run: Int64) throws { try memory.resume(run) }
    func fork(_ run: Int64, specification: String) throws -> Int64 {
        try memory.fork(run, specification: specification)
    }
    func createDataset(_ name: String, feature: FeatureRecord?) throws {
        try memory.createDataset(name, feature: feature)
    }
    func addClips(_ clips: [DatasetClip], to dataset: String) throws -> [DatasetAddition] {
        try memory.addClips(clips, to: dataset)
    }
    func importDataset(
        _ name: String, feature: FeatureRecord?, clips: [DatasetClip]
    ) throws -> DatasetRevision {
        try memory.importDataset(name, feature: feature, clips: clips)
    }
    func storedName(ofDataset name: String) throws -> String? { try memory.storedName(ofDataset: name) }
    func datasets() throws -> [DatasetRecord] { try memory.datasets() }
    func dataset(_ name: String) throws -> DatasetRecord? { try memory.dataset(name) }
    func clips(of dataset: String, split: DatasetClip.Split?) throws -> [DatasetClip] {
        try memory.clips(of: dataset, split: split)
    }
    func addModel(_ draft: ModelDraft) throws -> ModelRecord { try memory.addModel(draft) }
    func models() throws -> [ModelRecord] { try memory.models() }
    func model(_ version: String) throws -> ModelRecord? { try memory.model(version) }
    func modelFile(of version: String) throws -> [UInt8]? { try memory.modelFile(of: version) }
    func promote(_ version: String, machines: [MachineName]?) throws -> [ChampionChange] {
        try memory.promote(version, machines: machines)
    }
    func rollback(machines: [MachineName]?) throws -> [ChampionChange] { try memory.rollback(machines: machines) }
    func champions() throws -> [Champion] { try memory.champions() }
}
