internal import Ledger
internal import Logging
internal import Plant
internal import Training

// What outlives a coordinator: the journal of the steps since the last checkpoint, and the checkpoints.

extension Coordinator {
    /// Writes what a step did to the weights to this host's disk, before the step is committed.
    func journal(_ step: CompletedStep, of run: Int64) {
        guard let journal, let change = step.change else { return }
        journal.append(.init(step: step.number, after: step.after, change: change.bytes), of: run)
    }

    /// Keeps a run's full state in the database, after which its journal is not needed any more.
    func keep(_ run: inout ActiveRun, now: Int64) throws {
        guard let state = run.checkpoint(now: now) else { return }
        try ledger.keep(state, of: run.record.run, fence: fence)
        FaultPoint.checkpointed.reach()
        journal?.clear(run.record.run)
    }

    /// Brings a run to where an earlier coordinator left it: its newest checkpoint, and the steps since from the journal.
    /// What is missing there is computed again.
    func restore(_ run: inout ActiveRun, now: Int64) throws {
        let number = run.record.run
        guard let checkpoint = try ledger.checkpoint(of: number) else { return }
        let records = journal?.records(of: number) ?? []
        let changes = Dictionary(records.map { ($0.step, $0) }, uniquingKeysWith: { _, newer in newer })
        let recorded = try ledger.steps(of: number, after: checkpoint.step - 1)
        let steps = recorded.map { step in
            let record = changes[step.step].flatMap { $0.after == step.weightsHash ? $0 : nil }
            return CommittedStep(
                number: step.step, after: step.weightsHash, isSkipped: step.isSkipped, change: record?.change,
                validationLoss: step.validationLoss)
        }
        try run.restore(checkpoint, steps: steps, rate: recorded.last?.clipsPerSecond, now: now)
        let replayed = run.step - checkpoint.step
        logger.info("run \(number) goes on after step \(run.step), \(replayed) steps of which the journal knew")
        if !records.isEmpty { try keep(&run, now: now) }
    }
}
