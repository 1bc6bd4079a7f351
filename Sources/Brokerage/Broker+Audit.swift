package import Plant

extension Broker {
    /// What must always hold and does not, in words. The simulation asks after every step.
    package var violations: [String] {
        var violations: [String] = []
        for lease in leases.all {
            if leases.lease(on: lease.job)?.token != lease.token {
                violations.append("\(lease.job) is held under two leases")
            }
            switch lease.job {
            case .clip(let number):
                if clips[number]?.state != .leased {
                    violations.append("clip \(number) is leased and does not know it")
                }
            case .shard(let key):
                if shards[key] == nil { violations.append("\(key) is leased and nobody wants it") }
            }
            if workers[lease.worker] == nil { violations.append("\(lease.job) is leased to a worker that has left") }
        }
        for bytes in peers.debts where !(0...max(configuration.creditBytes, configuration.payloadLimit)).contains(bytes)
        {
            violations.append("a peer has \(bytes) bytes unanswered, \(configuration.creditBytes) allowed")
        }
        for job in clips.all {
            let isLeased = leases.lease(on: .clip(job.number)) != nil
            if (job.state == .leased) != isLeased { violations.append("clip \(job.number) is lost: \(job.state)") }
            if job.state == .concluded, job.blob != nil { violations.append("clip \(job.number) keeps its payload") }
        }
        if memory.used > max(memory.limit, configuration.payloadLimit) {
            violations.append("\(memory.used) bytes of payload in memory, \(memory.limit) allowed")
        }
        if clips.count > configuration.backlogLimit + configuration.recoveryPage {
            violations.append("\(clips.count) clips in memory, \(configuration.backlogLimit) allowed")
        }
        return violations
    }

    /// The clips that any worker could run now and that wait in line for one.
    package var line: [WaitingClip] {
        clips.all.filter { clips.isInLine($0.number) && model(for: $0.clip) != nil }.map(audited)
    }

    package func clip(_ number: Int64) -> WaitingClip? { clips[number].map(audited) }

    private func audited(_ job: ClipJob) -> WaitingClip {
        WaitingClip(
            job: job.number, clip: job.clip, acceptedAt: job.acceptedAt,
            runsAlone: job.deaths >= configuration.retry.deathsBeforeIsolation)
    }

    /// What a worker holds, and how much it has asked for; nil for other peers.
    package func load(of peer: PeerID) -> (leases: Int, credits: Int)? {
        workers[peer].map { (leases.count(of: peer), $0.credits) }
    }
}

/// A clip on its way as the simulation sees it.
package struct WaitingClip {
    package let job: Int64
    package let clip: ClipRecord
    package let acceptedAt: Microseconds
    /// It is suspected of killing workers.
    package let runsAlone: Bool
}
