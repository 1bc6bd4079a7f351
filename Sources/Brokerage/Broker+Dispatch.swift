import Plant

/// Who gets which job.
extension Broker {
    mutating func dispatch(now: Microseconds) {
        // Without the database nothing new begins; what is under way goes on and its results wait.
        guard ledger.isUp, outbox.count < configuration.outboxLimit else { return }
        dispatchIsolated(now: now)
        dispatchClips(now: now)
        dispatchShards(now: now)
    }

    /// A clip whose workers died runs on a worker that has nothing else; one such clip at a time.
    private mutating func dispatchIsolated(now: Microseconds) {
        if let worker = ward, leases.held(by: worker).isEmpty { ward = nil }
        guard ward == nil || !wardIsAtWork,
            let number = clips.isolated.first(where: { clips[$0].flatMap { model(for: $0.clip) } != nil }),
            let worker = ward ?? workers.leastLoaded(leases: leases)
        else { return }
        ward = worker
        guard leases.count(of: worker) == 0 else { return }
        clips.lease(number)
        grant(number, to: worker, now: now)
    }

    /// The ward runs the clip it was kept free for.
    private var wardIsAtWork: Bool {
        guard let ward else { return false }
        return leases.held(by: ward).contains { lease in
            guard case .clip(let number) = lease.job, let job = clips[number] else { return false }
            return job.deaths >= configuration.retry.deathsBeforeIsolation
        }
    }

    /// Clips go before shards, in groups of one model, to the worker with the least to do.
    private mutating func dispatchClips(now: Microseconds) {
        while clips.backlogCount > 0, let worker = workers.leastLoaded(leases: leases, where: { [ward] in $0 != ward })
        {
            let share = (clips.backlogCount + workers.count - 1) / workers.count
            let room = min(workers.room(of: worker, leases: leases), configuration.microBatch, share)
            let numbers = clips.next(limit: max(room, 1))
            guard !numbers.isEmpty else { return }
            for number in numbers { grant(number, to: worker, now: now) }
        }
    }

    private mutating func grant(_ number: Int64, to worker: PeerID, now: Microseconds) {
        guard let job = clips[number], let champion = champions[job.clip.machine] else {
            preconditionFailure("clip \(number) was taken from the backlog without a model for its machine")
        }
        let token = leases.grant(
            .clip(number), of: champion.modelVersion, to: worker, named: workers[worker]?.name ?? "", now: now)
        let blob = clips.takeBlob(of: number)
        tell(
            worker,
            .dispatch(
                Dispatch(
                    token: token, job: .clip(number), attempt: job.attempt, work: .score(job.clip, champion),
                    payload: blob.map { .memory($0) } ?? .clip(job.clip.location))))
        blob.map { drop($0) }
    }

    /// Shards fill the room that clips leave, each with the worker that suits it.
    private mutating func dispatchShards(now: Microseconds) {
        guard shards.waitingCount > 0, !desk.holdsShards, freeWorker() != nil else { return }
        for entry in shards.ready(now: now) {
            guard let worker = place(entry, now: now) else { continue }
            let job = JobID.shard(entry.shard.key)
            let name = workers[worker]?.name ?? ""
            shards.take(entry.shard.key, by: name)
            let dispatch = Dispatch(
                token: leases.grant(job, to: worker, named: name, now: now), job: job, attempt: entry.failures + 1,
                work: .shard(entry.shard), payload: .none)
            tell(worker, .dispatch(dispatch))
            guard freeWorker() != nil else { return }
        }
    }

    /// The worker a shard prefers, unless that one is busy for long; never one that has another copy.
    private func place(_ entry: ShardQueue.Entry, now: Microseconds) -> PeerID? {
        let excluded = shards.holders(ofOtherCopiesOf: entry.shard.key)
        let name = entry.shard.preferredWorker
        if !name.isEmpty, !excluded.contains(name), let preferred = workers.named(name), !preferred.draining {
            if preferred.id != ward, workers.room(of: preferred.id, leases: leases) > 0 { return preferred.id }
            if now - entry.askedAt < configuration.preferencePatience { return nil }
        }
        return freeWorker { !excluded.contains(workers[$0]?.name ?? "") }
    }

    private func freeWorker(where fits: (PeerID) -> Bool = { _ in true }) -> PeerID? {
        workers.leastLoaded(leases: leases) { $0 != ward && fits($0) }
    }
}
