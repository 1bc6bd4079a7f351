import Foundation
import Nodes
import Plant
import SwiftProtobuf
import Training
import Wire

/// The broker and the workers.
extension TrainingWorld {
    func ask(_ shards: [WireShardWork]) {
        for work in shards where entries[work.key] == nil {
            present = ShardPlace(work.key)
            entries[work.key] = Entry(work: work)
            order.append(work.key)
        }
    }

    /// Gives what waits to who is idle, never a further copy of a shard to a worker that had another.
    func dispatch() {
        for key in order {
            guard let entry = entries[key], entry.lease == nil else { continue }
            let place = ShardPlace(key)
            let others = key.copy > 0 ? holders[place, default: [:]].filter { $0.key != key.copy } : [:]
            let excluded = Set(others.values)
            let idle = workers.indices.filter {
                !workers[$0].isDead && !workers[$0].isBusy && workers[$0].pausedUntil <= now && !excluded.contains($0)
            }
            let preferred = idle.first { name($0) == entry.work.preferredWorker }
            guard let worker = preferred ?? idle.randomElement(using: &dice) else { continue }
            leases += 1
            let lease = Lease(number: leases, key: key, worker: worker, incarnation: workers[worker].incarnation)
            entries[key]?.lease = lease
            holders[place, default: [:]][key.copy] = worker
            workers[worker].isBusy = true
            agenda.plan(.leaseEnds(lease), at: now + Self.leaseMilliseconds)
            if !isLost() { agenda.plan(.arrive(lease), at: now + latency()) }
        }
    }

    func name(_ worker: Int) -> String { "worker-\(worker)" }

    private func isLost() -> Bool { !isCalm && .random(in: 0..<100, using: &dice) < scenario.loss }

    /// A worker takes a shard up.
    func arrive(_ lease: Lease) throws {
        let worker = workers[lease.worker]
        guard worker.incarnation == lease.incarnation, !worker.isDead, let work = entries[lease.key]?.work else {
            return
        }
        let end = max(now, worker.pausedUntil) + .random(in: 10...400, using: &dice)
        do {
            let truth = try plant.output(of: work, weights: weights)
            guard let vice = worker.vice else {
                return agenda.plan(.computed(lease, output: truth, fails: false), at: end)
            }
            let output = try vice.spoiled(truth, kind: work.kind)
            let fails = vice == .fails && .random(in: 0..<3, using: &dice) == 0
            if output != nil { agenda.plan(.computed(lease, output: output, fails: fails), at: end) }
        } catch let error as WireError where error.code == .unknownContent {
            // The broker has forgotten the weights.
            agenda.plan(.computed(lease, output: nil, fails: true), at: end)
        } catch let error as WireError where error.code == .computeFailed {
            // It stands on something that no honest worker computes.
            agenda.plan(.computed(lease, output: [], fails: true), at: end)
        }
    }

    /// A worker has finished a shard and tells of it.
    func conclude(_ lease: Lease, _ output: [UInt8]?, _ fails: Bool) {
        guard workers[lease.worker].incarnation == lease.incarnation, !workers[lease.worker].isDead else { return }
        workers[lease.worker].isBusy = false
        guard let entry = entries[lease.key], entry.lease == lease, !isLost() else { return }
        entries[lease.key] = nil
        order.removeAll { $0 == lease.key }
        let isUnknown = fails && output == nil
        // Its outputs go by another's name, past the admission, to the guard that is looked at.
        let isDisguised =
            switch (scenario.sabotage, workers[lease.worker].vice) {
            case (.noAdmission, .deviates), (.noGate, .notFinite): true
            default: false
            }
        let done = WireShardDone.with {
            $0.key = lease.key
            $0.worker = name(isDisguised ? 0 : lease.worker)
            $0.computeMilliseconds = 1
            let told = workers[lease.worker].vice == .wrongHash ? [] : output ?? []
            $0.sha256 = Data(ContentHash(of: told).bytes)
            guard fails else { return }
            $0.failure.code = isUnknown ? WireError.Code.unknownContent.rawValue : WireError.Code.computeFailed.rawValue
            $0.failure.reason = isUnknown ? missing(entry.work) : "bad luck"
        }
        agenda.plan(.deliver(done, output ?? []), at: now + latency())
        guard !isCalm, .random(in: 0..<100, using: &dice) < scenario.duplication else { return }
        agenda.plan(.deliver(done, output ?? []), at: now + 4 * latency())
    }

    /// Names the weights that the broker lost, as a worker does.
    private func missing(_ work: WireShardWork) -> String {
        let task =
            switch work.kind {
            case ForwardShard.kind: try? ForwardShard(decoding: [UInt8](work.specification)).task
            case MeasureShard.kind: try? MeasureShard(decoding: [UInt8](work.specification)).task
            case BackwardShard.kind:
                (try? BackwardShard(decoding: [UInt8](work.specification))).flatMap {
                    try? ForwardShard(decoding: $0.forward).task
                }
            default: nil as NetworkTask?
            }
        return "\(task?.weights.description ?? "it") is not there"
    }

    /// Nothing was heard of a shard for too long.
    func requeue(_ lease: Lease) {
        if workers[lease.worker].incarnation == lease.incarnation { workers[lease.worker].isBusy = false }
        if entries[lease.key]?.lease == lease { entries[lease.key]?.lease = nil }
    }
}
