internal import FoundationEssentials
package import Ledger
internal import Plant
internal import SwiftProtobuf
package import Training
package import Wire

/// A run the coordinator works on: which shards it has asked for, what came back, and how fast. A value; the node sends
/// what it says.
package struct ActiveRun: Sendable {
    package let record: RunRecord
    private var work: any ShardedRun
    private var asked: Set<ShardPlace> = []
    /// When the work began, in milliseconds of the steady clock.
    private let startedAt: Int64
    private let clipCount: Int

    /// - Parameters:
    ///   - clipCount: clips the run works through, for its rate.
    ///   - now: milliseconds of the steady clock.
    package init(_ record: RunRecord, work: any ShardedRun, clipCount: Int, now: Int64) {
        self.record = record
        self.work = work
        self.clipCount = clipCount
        startedAt = now
    }

    package var isComplete: Bool { work.isComplete }
    package var progress: Double { work.progress }

    /// Shards nobody was asked for yet.
    package mutating func newRequests() -> [WireShardWork] {
        work.outstanding.filter { asked.insert($0.place).inserted }.map(wire)
    }

    /// Every shard whose output is missing: asked for again from a broker that may have forgotten them.
    package mutating func allRequests() -> [WireShardWork] {
        asked = []
        return newRequests()
    }

    /// Takes what the broker says of a shard.
    ///
    /// A failed or wrong output makes the shard one that nobody was asked for; `reason` says why.
    package mutating func take(_ done: WireShardDone, output: [UInt8]) -> Taken {
        let place = ShardPlace(step: done.key.step, phase: done.key.phase, shard: done.key.shard)
        if done.hasFailure {
            if done.failure.permanent { return .hopeless(reason: done.failure.reason) }
            asked.remove(place)
            return .again(reason: done.failure.reason)
        }
        do {
            guard try work.fold(output, of: place) == .counted else { return .passedOver }
            return .counted(
                ShardRecord(
                    step: Int(place.step), phase: Int(place.phase), shard: Int(place.shard),
                    outputHash: ContentHash(of: output), worker: done.worker,
                    computeMilliseconds: done.computeMilliseconds))
        } catch {
            asked.remove(place)
            return .again(reason: "\(done.worker) returned a wrong output: \(error.reason)")
        }
    }

    package enum Taken: Hashable, Sendable {
        /// The shard's first valid output; the ledger keeps its hash.
        case counted(ShardRecord)
        case passedOver
        /// The shard is to be computed again.
        case again(reason: String)
        /// Computing it again cannot help.
        case hopeless(reason: String)
    }

    /// Makes the result; may compute for seconds.
    package func finish() throws(RunFailure) -> RunResult { try work.finish() }

    package func clipsPerSecond(now: Int64) -> Double {
        Double(clipCount) / (Double(max(1, now - startedAt)) / 1000)
    }

    private func wire(_ request: ShardRequest) -> WireShardWork {
        .with {
            $0.key = .with {
                $0.run = record.run
                $0.step = request.place.step
                $0.phase = request.place.phase
                $0.shard = request.place.shard
            }
            $0.kind = request.kind
            $0.specification = .init(request.specification)
        }
    }
}
