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
        /// In order of acceptance, which is that of their jobs.
        var clips: [AcceptedClip] = []
        /// Where a job's clip is among them.
        var places: [Int64: Int] = [:]
        /// The days that jobs were filed under, in order.
        var days: [JobDay] = []
        /// Of the last job of the days before, and of the last job.
        var (counterBefore, counter): (Int64, Int64) = (0, 0)
        /// Of all jobs up to this one, only those of `openBehind` may be open.
        var settled: Int64 = 0
        var openBehind: Set<Int64> = []
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
        let job: Int64
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

    /// What keeps clips from being lost when the calendar is set or the queue moves on: taken away one by one by the
    /// simulation, to see that it notices.
    package struct Guards: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        /// Jobs are filed under days that only grow.
        package static let daysGrow = Guards(rawValue: 1)
        /// Clips that are still open are listed before `settled` passes them.
        package static let openIsListed = Guards(rawValue: 2)
        /// So are those that are given another life.
        package static let revivedIsListed = Guards(rawValue: 4)
        package static let all: Guards = [.daysGrow, .openIsListed, .revivedIsListed]
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    let now: @Sendable () -> Int64
    let guards: Guards
    let state = Mutex(State())

    /// - Parameter now: the time in microseconds since 1970-01-01T00:00:00Z; the system's when left out.
    package init(now: @escaping @Sendable () -> Int64 = MemoryLedger.systemTime, guards: Guards = .all) {
        (self.now, self.guards) = (now, guards)
    }

    @Sendable package static func systemTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

extension MemoryLedger.State {
    /// Whether an accepted clip has neither result nor dead letter.
    func isOpen(_ job: Int64) -> Bool { places[job].map { isOpen(clips[$0]) } ?? false }

    func isOpen(_ clip: MemoryLedger.AcceptedClip) -> Bool {
        results[clip.job] == nil && deadLetters[clip.job] == nil && !clip.isDropped
    }

    func checkEpoch(_ epoch: UInt32) throws {
        guard epoch == self.epoch else { throw LedgerError.fenced(broker: epochHolder) }
    }

    func checkFence(_ fence: Int64) throws {
        guard fence == self.fence else { throw LedgerError.fenced(coordinator: fenceHolder) }
    }
}
