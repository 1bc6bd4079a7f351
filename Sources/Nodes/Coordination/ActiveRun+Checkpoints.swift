package import Ledger
package import Training

extension ActiveRun {
    private static let checkpointSteps = 50
    private static let checkpointMilliseconds: Int64 = 60_000

    /// Whether enough has been reached since the last checkpoint, or nothing was kept yet.
    package func isCheckpointDue(now: Int64) -> Bool {
        guard let last = checkpointed else { return work.hasCheckpoint }
        return step - last.step >= Self.checkpointSteps
            || (step > last.step && now - last.at >= Self.checkpointMilliseconds)
    }

    /// The full state, to be kept now; nil where the work has none yet.
    package mutating func checkpoint(now: Int64) -> CheckpointRecord? {
        guard let state = work.checkpoint else { return nil }
        checkpointed = (step, now)
        return CheckpointRecord(step: step, state: state)
    }

    /// Goes on from what an earlier coordinator left.
    ///
    /// - Parameter rate: clips per second of its last step.
    package mutating func restore(
        _ checkpoint: CheckpointRecord, steps: [CommittedStep], rate: Double?, now: Int64
    ) throws(RunFailure) {
        earlierRate = rate
        try work.restore(checkpoint.state, steps: steps)
        step = work.completedSteps
        hasSteps = true
        checkpointed = (checkpoint.step, now)
        milestones += work.takeMilestones()
    }

    /// How fast a step went, from the end of the one before; begins the next.
    package mutating func rate(of step: CompletedStep, now: Int64) -> Double {
        defer { stepStartedAt = now }
        hasSteps = true
        self.step = step.number
        stepClips += step.clipCount
        return Double(step.clipCount) / (Double(max(1, now - stepStartedAt)) / 1000)
    }
}
