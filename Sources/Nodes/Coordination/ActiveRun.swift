internal import FoundationEssentials
package import Ledger
internal import Plant
internal import SwiftProtobuf
package import Training
package import Wire

/// A run the coordinator works on: which shards it has asked for, what came back, and what of it is not recorded yet.
///
/// One thread owns it; the coordinator sends and stores what it says. Times are milliseconds of the steady clock.
package struct ActiveRun {
    package let record: RunRecord
    var work: any ShardedRun
    var desk: ShardDesk
    /// Outputs that wait for another worker to confirm them, by worker.
    var waiting: [ShardPlace: [String: WaitingOutput]] = [:]
    /// Who computed which shard of the present step.
    var holders: [ShardPlace: String] = [:]
    /// What the broker has of the work's provisions.
    private var held: Set<ContentHash> = []
    /// Shards that counted and are not recorded yet.
    var unrecorded: [ShardRecord] = []
    var milestones: [Milestone] = []
    let startedAt: Int64
    var stepStartedAt: Int64
    private let clipCount: Int
    /// The last step that is done, and the checkpoint that was kept last.
    package internal(set) var step = 0
    var checkpointed: (step: Int, at: Int64)?
    /// Whether the work is told in steps, each with a record of its own; and the clips of those so far.
    package internal(set) var hasSteps = false
    var stepClips = 0
    /// Of the last step that an earlier coordinator took.
    var earlierRate: Double?

    /// Content that is not handed over again as long as the broker does not say that it is gone.
    private static let heldLimit = 32

    struct WaitingOutput {
        var bytes: [UInt8]
        var hash: ContentHash
        var computeMilliseconds: Double
    }

    /// - Parameter clipCount: clips the run works through, for its rate, where it has no steps that say it.
    package init(_ record: RunRecord, work: any ShardedRun, clipCount: Int, now: Int64) {
        self.record = record
        self.work = work
        self.clipCount = clipCount
        desk = ShardDesk(seed: UInt64(record.run))
        startedAt = now
        stepStartedAt = now
    }

    package var isComplete: Bool { work.isComplete }
    package var progress: Double { work.progress }

    /// Copies of shards nobody was asked for yet.
    package mutating func newRequests(now: Int64) -> [WireShardWork] {
        let outstanding = work.outstanding
        let asks = desk.asks(for: outstanding.map(\.place), now: now)
        guard !asks.isEmpty else { return [] }
        let requests = Dictionary(uniqueKeysWithValues: outstanding.map { ($0.place, $0) })
        return asks.compactMap { ask in requests[ask.place].map { wire($0, ask) } }
    }

    /// What the broker must have before it is asked for shards, and has not.
    package var missingProvisions: [Provision] { work.provisions.filter { !held.contains($0.hash) } }

    /// The broker holds everything now that the outstanding shards refer to.
    package mutating func brokerHoldsProvisions() {
        let provisions = Set(work.provisions.map(\.hash))
        held = held.count < Self.heldLimit ? held.union(provisions) : provisions
    }

    /// The broker lost what it held.
    mutating func brokerForgot() { held = [] }

    /// Every shard whose output is missing is to be asked for again, of a broker that may have forgotten them.
    package mutating func forgetRequests(now: Int64) {
        desk.forgetAsked(now: now)
        brokerForgot()
    }

    /// The oldest milestone that is not recorded yet.
    package var milestone: Milestone? { milestones.first }

    package mutating func recorded(shards: Int, milestone: Bool) {
        unrecorded.removeFirst(shards)
        if milestone { milestones.removeFirst() }
    }

    /// Makes the result; may compute for seconds.
    package func finish() throws(RunFailure) -> RunResult { try work.finish() }

    /// Over the whole run.
    package func clipsPerSecond(now: Int64) -> Double {
        if hasSteps, stepClips == 0, let earlierRate { return earlierRate }
        return Double(hasSteps ? stepClips : clipCount) / (Double(max(1, now - startedAt)) / 1000)
    }

    private func wire(_ request: ShardRequest, _ ask: ShardDesk.Ask) -> WireShardWork {
        .with {
            $0.key = .with {
                $0.run = record.run
                $0.step = request.place.step
                $0.phase = request.place.phase
                $0.shard = request.place.shard
                $0.copy = ask.copy
            }
            $0.kind = request.kind
            $0.specification = .init(request.specification)
            $0.preferredWorker = ask.preferredWorker ?? request.follows.flatMap { holders[$0] } ?? ""
        }
    }
}
