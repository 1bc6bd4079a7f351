import Plant

extension Broker {
    /// What must always hold and does not, in words. The simulation asks after every step.
    package var violations: [String] {
        var violations: [String] = []
        for lease in leases.all {
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
        if Set(leases.all.map(\.job)).count != leases.count { violations.append("a job is held under two leases") }
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
}
