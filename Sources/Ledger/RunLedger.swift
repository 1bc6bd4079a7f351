package import Plant

/// What clients and the coordinator ask the database about runs.
///
/// The life of a run: `queued` -> `running` -> `done`, `failed` or `cancelled`; from `running` it may go to `paused` and
/// back to `queued`, and a `failed` or `cancelled` training that left a checkpoint may go there too. Only the coordinator that holds the
/// newest fence moves a run on; all its writes name their fence and throw `.fenced` once another coordinator has
/// raised it. Calls block, so an implementation belongs to one thread. All writes are keyed: a call whose outcome is
/// unknown is simply made again.
package protocol RunLedger: Sendable {
    // MARK: for clients

    /// Puts a run into the queue and wakes the coordinator. Throws `.notFound` for an unknown dataset or model version.
    func submit(_ request: RunRequest) throws -> Int64

    /// Nil when no run has this number.
    func run(_ run: Int64) throws -> RunRecord?

    /// Newest first.
    func runs(limit: Int) throws -> [RunRecord]

    /// What a run had to do without, in the order of its recording.
    func leftOut(of run: Int64) throws -> [LeftOut]

    /// The steps recorded after `step`, in order.
    func steps(of run: Int64, after step: Int) throws -> [StepRecord]

    /// Cancels a queued run at once and asks the coordinator to stop a running one; returns the state that follows.
    func cancel(_ run: Int64) throws -> RunRecord.State

    /// Asks the coordinator to put a running run aside; returns the state that follows. A queued one is put aside at once.
    func pause(_ run: Int64) throws -> RunRecord.State

    /// Puts a run that is paused, or that failed or was cancelled and left a checkpoint, back into the queue; it goes on
    /// where it stopped. `.refused` for any other.
    func resume(_ run: Int64) throws

    /// A new run that begins with a run's newest checkpoint; `.refused` where there is none.
    ///
    /// - Parameter specification: of the new run.
    func fork(_ run: Int64, specification: String) throws -> Int64

    // MARK: for the coordinator

    /// Puts into the queue the enrolment of machines that no model knows and of which enough clips wait, where other
    /// machines are scored by an ear; returns these machines.
    func beginLearning(_ need: LearningNeed, fence: Int64) throws -> [MachineName]

    /// Raises the coordinator's fence by one and returns it; every later write under an older one throws `.fenced`.
    func openFence(holder: String) throws -> Int64

    /// Takes a run to work on, nil when there is none: first one that a predecessor left running, then the oldest
    /// queued. It is running under this fence afterwards, and no other call returns it.
    func claimRun(fence: Int64) throws -> RunRecord?

    /// Runs under this fence that somebody wants stopped.
    func cancelledRuns(fence: Int64) throws -> [Int64]

    /// Runs under this fence that somebody wants put aside.
    func pausedRuns(fence: Int64) throws -> [Int64]

    /// Records shards that counted, the step they belong to where it is complete, and how far the run has come, in one
    /// transaction. A shard or step recorded before stays as it is; one with another hash now is `.refused`.
    ///
    /// - Parameter progress: from 0 to 1.
    func record(_ shards: [ShardRecord], step: StepRecord?, progress: Double, of run: Int64, fence: Int64) throws

    /// Records what a run has to do without, instead of what was recorded of it before.
    func record(_ leftOut: [LeftOut], of run: Int64, fence: Int64) throws

    /// Records the validation of a recorded step. Again: changes nothing.
    func recordValidation(loss: Double, step: Int, of run: Int64, fence: Int64) throws

    /// Keeps a full state; all but the newest few of the run are dropped.
    func keep(_ checkpoint: CheckpointRecord, of run: Int64, fence: Int64) throws

    /// The newest state of a run that is whole; nil where there is none.
    func checkpoint(of run: Int64) throws -> CheckpointRecord?

    /// Stores the trained model and ends its run in one transaction. Again: the version stored the first time.
    ///
    /// - Parameters:
    ///   - promoting: makes it the champion of its machines too.
    ///   - clipsPerSecond: over the whole run.
    func complete(
        _ run: Int64, model: ModelDraft, promoting: Bool, clipsPerSecond: Double, fence: Int64
    ) throws -> ModelRecord

    /// Stores an evaluation and ends its run in one transaction. Again: changes nothing.
    func complete(_ run: Int64, evaluation: EvaluationDraft, fence: Int64) throws

    func fail(_ run: Int64, reason: String, fence: Int64) throws

    /// The run has stopped because somebody asked for it.
    func confirmCancel(of run: Int64, fence: Int64) throws

    /// The run is put aside; a later `resume` goes on with it.
    func confirmPause(of run: Int64, fence: Int64) throws
}

/// When a machine that no model knows is learned from the clips that wait for one.
package struct LearningNeed: Sendable {
    /// Clips that are gathered.
    package var wanted = 20
    /// Clips that will do when no more come.
    package var fewest = 5
    /// How long none has come then, seconds.
    package var patienceSeconds = 60

    package init() {}
}
