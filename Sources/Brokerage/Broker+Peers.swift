/// Who comes, lives, leaves and dies.
extension Broker {
    mutating func welcome(
        _ peer: PeerID, _ introduction: Introduction, _ request: RequestID?, now: Microseconds
    ) {
        peers.join(peer, as: introduction, now: now)
        guard peers[peer]?.role == .worker else { return tell(peer, .welcome(epoch: epoch), to: request) }
        if let other = workers.named(introduction.name), other.id != peer {
            tell(other.id, .reject(key: "", .superseded))
            lose(other.id, now: now)
        }
        if workers[peer] == nil {
            workers.join(
                Worker(
                    id: peer, name: introduction.name, host: introduction.host, process: introduction.process,
                    credits: introduction.credits))
        }
        recovery.workerCame(now: now)
        workers[peer]?.unreachable = false
        workers[peer]?.credits = introduction.credits
        tell(peer, .welcome(epoch: epoch), to: request)
        // It says anew what it holds: whatever else was remembered of it is over.
        recovery.forgetClaims(of: peer)
        workers[peer]?.voided.formIntersection(introduction.held.map(\.token))
        for held in introduction.held { readopt(held, by: peer, now: now) }
    }

    /// A worker brings along a job from before a restart of the broker or a broken connection.
    private mutating func readopt(_ held: Introduction.Held, by peer: PeerID, now: Microseconds) {
        if leases[held.token]?.worker == peer || outbox.awaits(held.token) { return }
        if mayAdopt(held, by: peer), isFree(held.job) {
            adopt(held.job, under: held.token, by: peer, now: now)
        } else if recovery.mayClaim, !isKnown(held.job) {
            recovery.claim(held.job, Recovery.Claim(token: held.token, worker: peer))
        } else if case .clip(let number) = held.job, clips[number]?.state == .concluded {
            // Its result is being committed; when this worker has one too, it is acknowledged with that.
        } else {
            workers[peer]?.voided.insert(held.token)
            tell(peer, .cancel(held.token))
        }
    }

    /// Grants of an earlier broker are believed only while this one is finding out what was under way.
    private func mayAdopt(_ held: Introduction.Held, by peer: PeerID) -> Bool {
        guard held.token.epoch == epoch || recovery.mayClaim else { return false }
        return leases.mayAdopt(held.token, for: held.job, by: workers[peer]?.name ?? "")
    }

    /// Nobody works on the job, nor has it ended.
    private func isFree(_ job: JobID) -> Bool {
        switch job {
        case .clip(let number): clips[number]?.state == .waiting || clips[number]?.state == .pausing
        case .shard(let key): shards[key] != nil && leases.lease(on: job) == nil
        }
    }

    private func isKnown(_ job: JobID) -> Bool {
        switch job {
        case .clip(let number): clips[number] != nil
        case .shard(let key): shards[key] != nil
        }
    }

    mutating func adopt(_ job: JobID, under token: Token, by peer: PeerID, now: Microseconds) {
        let name = workers[peer]?.name ?? ""
        guard leases.mayAdopt(token, for: job, by: name) else { return }
        switch job {
        case .clip(let number): clips.lease(number)
        case .shard(let key): shards.take(key, by: name)
        }
        leases.adopt(job, under: token, by: peer, named: name, now: now)
    }

    mutating func note(_ heartbeat: Heartbeat, of peer: PeerID, _ request: RequestID?, now: Microseconds) {
        tell(peer, .heartbeat, to: request)
        guard let worker = workers[peer] else { return }
        let listed = Set(heartbeat.progress.map(\.token))
        workers[peer]?.unreachable = false
        workers[peer]?.credits = heartbeat.credits
        workers[peer]?.voided.formIntersection(listed)
        workers[peer]?.hung.formIntersection(listed)
        for progress in heartbeat.progress where leases[progress.token]?.worker == peer {
            leases.note(progress, now: now)
        }
        // What nobody here knows may have been acknowledged a moment ago; seen twice, it is void.
        let strangers = heartbeat.progress.map(\.token).filter { token in
            leases[token]?.worker != peer && !outbox.awaits(token) && !recovery.isClaimed(token)
        }
        for token in strangers where worker.strangers.contains(token) { tell(peer, .cancel(token)) }
        workers[peer]?.strangers = Set(strangers)
        if heartbeat.draining, !worker.draining { startDrain(of: peer, now: now) }
    }

    mutating func drain(worker name: String, for peer: PeerID, _ request: RequestID?, now: Microseconds) {
        guard let worker = workers.named(name) else {
            return tell(peer, .reject(key: name, .unknownWorker(name)), to: request)
        }
        tell(worker.id, .drain)
        if !worker.draining { startDrain(of: worker.id, now: now) }
        tell(peer, .done, to: request)
    }

    /// The worker finishes what it runs; what only waits there goes elsewhere at once, uncharged.
    private mutating func startDrain(of peer: PeerID, now: Microseconds) {
        workers[peer]?.draining = true
        let executing = Set(leases.executing(on: peer).map(\.token))
        takeBack(from: peer, now: now) { !executing.contains($0.token) }
    }

    /// Jobs that a worker holds go elsewhere at once, uncharged.
    mutating func takeBack(from peer: PeerID, now: Microseconds, where isTaken: (Lease) -> Bool) {
        for lease in leases.held(by: peer) where isTaken(lease) {
            void(lease, now: now)
            putBack(lease.job, now: now)
        }
    }

    /// A peer says that nothing is in flight any more.
    mutating func part(from peer: PeerID, now: Microseconds) {
        for lease in leases.held(by: peer) {
            leases.end(lease.token, now: now)
            putBack(lease.job, now: now)
        }
        leave(peer, now: now)
    }

    /// A peer is taken for dead. Only the jobs a worker was executing are charged with it.
    mutating func lose(_ peer: PeerID, now: Microseconds) {
        if let worker = workers[peer] {
            counters.workerDeaths += 1
            let executing = leases.executing(on: peer).map(\.token)
            for lease in leases.held(by: peer) {
                leases.end(lease.token, now: now)
                counters.requeued += 1
                if executing.contains(lease.token) {
                    charge(lease.job, .workerDied(worker.name), worker: worker.name, death: true, now: now)
                } else {
                    putBack(lease.job, now: now)
                }
            }
        }
        leave(peer, now: now)
    }

    private mutating func leave(_ peer: PeerID, now: Microseconds) {
        if peers[peer]?.role == .coordinator {
            for key in shards.drop(where: { $0.coordinator == peer }) { withdraw(key, now: now) }
        }
        followers.forget(peer)
        if peers[peer]?.fetches ?? 0 > 0 {
            fetches = fetches.compactMapValues { waiting in
                let others = waiting.filter { $0.peer != peer }
                return others.isEmpty ? nil : others
            }
        }
        inquiries.forget(peer) { [followers, fetches] question in
            switch question {
            case .fate(let job): followers.isFollowed(job)
            case .content(let hash): fetches[hash] != nil
            }
        }
        recovery.forgetClaims(of: peer)
        workers.leave(peer)
        if ward == peer { ward = nil }
        peers.leave(peer)
        actions.append(.forget(peer))
    }

    mutating func notDelivered(to peer: PeerID, _ token: Token?, now: Microseconds) {
        workers[peer]?.unreachable = true
        guard let token, let lease = leases[token], lease.worker == peer else { return }
        leases.end(token, now: now)
        counters.requeued += 1
        putBack(lease.job, now: now)
    }

    /// Ends a lease and tells its worker to stop.
    mutating func void(_ lease: Lease, now: Microseconds) {
        leases.end(lease.token, now: now)
        workers[lease.worker]?.voided.insert(lease.token)
        tell(lease.worker, .cancel(lease.token))
    }
}
