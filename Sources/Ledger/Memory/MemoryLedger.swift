internal import Glibc
internal import Plant
internal import Synchronization

/// The ledger without a database: the twin that simulations and tests use in its place.
///
/// It answers as `PostgreSQLLedger` does; one suite of tests holds for both. All its services may share one, from any
/// thread.
package final class MemoryLedger: Sendable {
    /// What the tables hold.
    struct State {
        var epoch: UInt32 = 0
        var epochHolder = "nobody"
        var fence: Int64 = 0
        var fenceHolder = "nobody"

        var jobs: [SiteKey: Int64] = [:]
        /// In order of job; job numbers begin with 1.
        var clips: [AcceptedClip] = []
        var results: [Int64: [OutcomeRecord]] = [:]
        var deadLetters: [Int64: OutcomeRecord] = [:]
        var failedAttempts: [Int64: Set<Int>] = [:]
        var contents: [ContentHash: SegmentLocation] = [:]
        var retention = RetentionPolicy()
        var payloads: [PayloadKey: (payload: StoredPayload, storedAt: Int64)] = [:]
        var lastPayload: Int64 = 0
        var workers: [WorkerRecord] = []
        var fleetWish: FleetWish?
        /// Order numbers begin with 1.
        var orders: [Order] = []
        /// Attempts up to this one are forgiven.
        var forgiven: [Int64: Int] = [:]
        /// Dead letters that operators are done with.
        var dropped: Set<Int64> = []
        var principals: [String: Principal] = [:]
        var refusals: [Int: Int64] = [:]
        /// When each damage was noted last.
        var damage: [DamageKey: Int64] = [:]

        var datasets: [String: Dataset] = [:]
        /// Run numbers begin with 1.
        var runs: [Run] = []
        /// In order of creation.
        var models: [Model] = []
        /// For each machine its champions, the present one last.
        var champions: [MachineName: [String]] = [:]
        var evaluations: [EvaluationDraft] = []

        /// Nil until somebody has asked.
        var signals: [LedgerSignal: Bool] = [:]
    }

    struct AcceptedClip {
        let record: ClipRecord
        let acceptedAt: Int64
        /// Its time was over.
        var isDropped = false
    }

    struct Order {
        let order: OperatorOrder
        /// How many clips it touched; nil while it is not done.
        var closed: Int?
    }

    struct Dataset {
        let base: String
        var version = 1
        let feature: FeatureRecord?
        let createdAt: Int64
        var clips: [String: DatasetClip] = [:]
    }

    struct Run {
        var record: RunRecord
        var fence: Int64 = 0
        var steps: [StepRecord] = []
        var shards: [ShardKey: ShardRecord] = [:]
        var checkpoints: [CheckpointRecord] = []
        var leftOut: [LeftOut] = []
        var isPauseRequested = false
    }

    struct ShardKey: Hashable {
        let step: Int
        let phase: Int
        let shard: Int
    }

    struct Model {
        let record: ModelRecord
        let file: [UInt8]
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    let now: @Sendable () -> Int64
    let state = Mutex(State())

    /// - Parameter now: the time in microseconds since 1970-01-01T00:00:00Z; the system's when left out.
    package init(now: @escaping @Sendable () -> Int64 = MemoryLedger.systemTime) {
        self.now = now
    }

    @Sendable package static func systemTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

extension MemoryLedger.State {
    /// Whether an accepted clip has neither result nor dead letter.
    func isOpen(_ job: Int64) -> Bool {
        results[job] == nil && deadLetters[job] == nil && !clips[Int(job) - 1].isDropped
    }

    func checkEpoch(_ epoch: UInt32) throws {
        guard epoch == self.epoch else { throw LedgerError.fenced(broker: epochHolder) }
    }

    func checkFence(_ fence: Int64) throws {
        guard fence == self.fence else { throw LedgerError.fenced(coordinator: fenceHolder) }
    }
}
