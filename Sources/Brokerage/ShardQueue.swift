/// The shards coordinators asked for, in memory only: a coordinator asks again after a restart of the broker.
struct ShardQueue {
    struct Entry {
        let shard: Shard
        /// Who is told the outcome: the last to have asked.
        var coordinator: PeerID
        let askedAt: Microseconds
        var failures = 0
        var deaths = 0
        /// Not before this moment, after a failure.
        var notBefore: Microseconds
    }

    private var entries: [ShardKey: Entry] = [:]
    private var waiting: [ShardKey] = []
    /// Who was given which copy of a slice, so that a further copy runs elsewhere.
    private var holders: [ShardKey: [UInt32: String]] = [:]
    /// The newest step asked for, per run.
    private var newestSteps: [Int64: UInt32] = [:]

    var count: Int { entries.count }
    var waitingCount: Int { waiting.count }

    subscript(key: ShardKey) -> Entry? { entries[key] }

    /// Takes a shard in. One that is known already stays where it is and now belongs to this coordinator.
    mutating func ask(_ shard: Shard, by coordinator: PeerID, now: Microseconds) {
        forgetHolders(before: shard.key)
        guard entries[shard.key] == nil else {
            entries[shard.key]?.coordinator = coordinator
            return
        }
        entries[shard.key] = Entry(shard: shard, coordinator: coordinator, askedAt: now, notBefore: now)
        waiting.append(shard.key)
    }

    /// What may run now, in the order it was asked for.
    func ready(now: Microseconds) -> [Entry] {
        waiting.compactMap { entries[$0] }.filter { $0.notBefore <= now }
    }

    /// Who has, or had, another copy of the same slice, and so must not have this one.
    ///
    /// The first copy may run anywhere: a coordinator that knows nothing of earlier ones asks for it, and there may be
    /// nobody who had none of them.
    func holders(ofOtherCopiesOf key: ShardKey) -> Set<String> {
        guard key.copy > 0 else { return [] }
        return Set(holders[key.original, default: [:]].filter { $0.key != key.copy }.values)
    }

    /// A worker has the shard now: it does not wait any more.
    mutating func take(_ key: ShardKey, by worker: String) {
        waiting.removeAll { $0 == key }
        holders[key.original, default: [:]][key.copy] = worker
    }

    /// Puts a shard back in line: at the front, since everything behind it may depend on it.
    mutating func requeue(_ key: ShardKey, notBefore: Microseconds) {
        guard entries[key] != nil, !waiting.contains(key) else { return }
        entries[key]?.notBefore = notBefore
        waiting.insert(key, at: 0)
    }

    mutating func countFailure(_ key: ShardKey, death: Bool) {
        entries[key]?.failures += 1
        if death { entries[key]?.deaths += 1 }
    }

    @discardableResult
    mutating func finish(_ key: ShardKey) -> Entry? {
        guard let entry = entries.removeValue(forKey: key) else { return nil }
        waiting.removeAll { $0 == key }
        return entry
    }

    /// Drops what fits, and returns its keys in order.
    mutating func drop(where fits: (Entry) -> Bool) -> [ShardKey] {
        let dropped = entries.filter { fits($0.value) }.keys.sorted()
        for key in dropped { finish(key) }
        return dropped
    }

    /// No copy of a slice two steps back will be asked for.
    private mutating func forgetHolders(before key: ShardKey) {
        guard key.step > newestSteps[key.run] ?? 0 else { return }
        newestSteps[key.run] = key.step
        holders = holders.filter { $0.key.run != key.run || $0.key.step + 1 >= key.step }
    }

    /// Nothing more of this run will come.
    mutating func forget(run: Int64) -> [ShardKey] {
        newestSteps[run] = nil
        holders = holders.filter { $0.key.run != run }
        return drop { $0.shard.key.run == run }
    }
}
