internal import Ledger
internal import Plant
internal import Training
package import Wire

extension ActiveRun {
    package enum Taken: Hashable, Sendable {
        /// It, or another output of its shard, counts and is to be recorded.
        case counted
        case passedOver
        /// The shard is to be computed again, or confirmed; `reason` is worth a line of the log.
        case again(reason: String)
        /// Computing it again cannot help.
        case hopeless(reason: String)
    }

    /// Takes what the broker says of a shard.
    package mutating func take(_ done: WireShardDone, output: [UInt8], now: Int64) -> Taken {
        let place = ShardPlace(done.key)
        if done.hasFailure { return take(done.failure, place, worker: done.worker, now: now) }
        let known = desk.quarantined
        let arrived = WaitingOutput(output, done)
        guard [UInt8](done.sha256) == arrived.hash.bytes else {
            return again(place, done.worker, "what arrived is not what its hash says", now: now)
        }
        switch desk.take(place, worker: done.worker, hash: arrived.hash, now: now) {
        case .counts: return count(place, done.worker, arrived, now: now)
        case .waits:
            waiting[place, default: [:]][done.worker] = arrived
            return .passedOver
        case .counted(let worker):
            let counted = worker == done.worker ? arrived : waiting[place]?[worker]
            guard let counted else { preconditionFailure("the output of \(worker) that counts is gone") }
            let outvoted = desk.quarantined.subtracting(known).sorted()
            let taken = count(place, worker, counted, now: now)
            guard taken == .counted, !outvoted.isEmpty else { return taken }
            return .again(
                reason: "\(outvoted.joined(separator: ", ")) computed what two others did not; not believed any more")
        case .late(agrees: true): return .passedOver
        case .late(agrees: false):
            return .again(reason: "\(done.worker) returned another output than the one that counted")
        case .disbelieved: return .passedOver
        case .hopeless:
            return .hopeless(
                reason:
                    "\(place), came back from three workers in "
                    + "three versions: their arithmetic differs; run all workers on one kind of processor")
        }
    }

    private mutating func take(
        _ failure: WireFailure, _ place: ShardPlace, worker: String, now: Int64
    ) -> Taken {
        // The broker held our weights in memory only; clips that are gone are gone.
        let isForgotten =
            failure.code == WireError.Code.unknownContent.rawValue
            && work.provisions.contains { failure.reason.contains($0.hash.description) }
        if isForgotten { brokerForgot() }
        if failure.permanent, !isForgotten { return .hopeless(reason: failure.reason) }
        return again(place, worker, failure.reason, elsewhere: !isForgotten, now: now)
    }

    /// Has a shard computed again, if it is not counted yet.
    private mutating func again(
        _ place: ShardPlace, _ worker: String, _ reason: String, elsewhere: Bool = true, now: Int64
    ) -> Taken {
        guard work.outstanding.contains(where: { $0.place == place }) else { return .passedOver }
        guard desk.refuse(place, worker: worker, elsewhere: elsewhere, now: now) else {
            return .hopeless(reason: "\(place), failed again and again: \(reason)")
        }
        return .again(reason: "\(worker), \(place): \(reason)")
    }

    /// Looks after outputs that have waited too long for another worker's.
    package mutating func heedOverdue(now: Int64) -> [Taken] {
        var taken: [Taken] = []
        while let overdue = desk.overdue(now: now) {
            switch overdue {
            case .counts(let place, let worker):
                guard let output = waiting[place]?[worker] else { continue }
                taken.append(count(place, worker, output, now: now))
            case .again(let place, let workers):
                waiting[place] = nil
                taken.append(
                    .again(reason: "\(workers.joined(separator: " and ")) differ in \(place); both are asked again"))
            case .undecided(let place, let workers):
                let reason =
                    "\(workers.joined(separator: " and ")) differ in \(place) and there is no third worker to decide: "
                    + "start one and resume the run, or drain the one whose host you doubt"
                return taken + [.hopeless(reason: reason)]
            }
        }
        return taken
    }

    /// Folds the output that counts into the work.
    private mutating func count(
        _ place: ShardPlace, _ worker: String, _ output: WaitingOutput, now: Int64
    ) -> Taken {
        waiting[place] = nil
        do {
            guard try work.fold(output.bytes, of: place) == .counted else { return .passedOver }
        } catch {
            guard desk.refuse(place, worker: worker, now: now) else {
                return .hopeless(
                    reason: "the outputs of shard \(place.shard), step \(place.step), stay wrong: \(error.reason)")
            }
            return .again(reason: "\(worker) returned a wrong output: \(error.reason)")
        }
        if let step = holders.first?.key.step, step != place.step {
            holders = [:]
            desk.forget(before: place.step)
        }
        holders[place] = worker
        unrecorded.append(
            ShardRecord(
                step: Int(place.step), phase: Int(place.phase), shard: Int(place.shard),
                outputHash: output.hash, worker: worker,
                computeMilliseconds: output.computeMilliseconds))
        milestones += work.takeMilestones()
        return .counted
    }
}

extension ActiveRun.WaitingOutput {
    fileprivate init(_ bytes: [UInt8], _ done: WireShardDone) {
        self.init(bytes: bytes, hash: ContentHash(of: bytes), computeMilliseconds: done.computeMilliseconds)
    }
}
