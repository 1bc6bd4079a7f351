/// Shards of training and evaluation: in memory only, their coordinator asks again.
extension Broker {
    mutating func ask(_ asked: [Shard], by coordinator: PeerID, now: Microseconds) {
        for shard in asked {
            shards.ask(shard, by: coordinator, now: now)
            let job = JobID.shard(shard.key)
            guard leases.lease(on: job) == nil, let claim = recovery.takeClaim(job) else { continue }
            adopt(job, under: claim.token, by: claim.worker, now: now)
        }
    }

    mutating func forget(run: Int64, now: Microseconds) {
        for key in shards.forget(run: run) { withdraw(key, now: now) }
    }

    /// Nobody wants this shard any more.
    mutating func withdraw(_ key: ShardKey, now: Microseconds) {
        if let lease = leases.lease(on: .shard(key)) { void(lease, now: now) }
    }

    /// The first valid result of a shard counts; further ones find nobody who wants them.
    mutating func conclude(_ key: ShardKey, _ ending: ShardDone.Ending, worker: String, now: Microseconds) {
        guard let entry = shards.finish(key) else { return }
        withdraw(key, now: now)
        tell(entry.coordinator, .shardDone(ShardDone(key: key, worker: worker, ending: ending)))
    }
}
