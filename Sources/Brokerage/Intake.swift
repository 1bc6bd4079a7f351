import Plant

/// Clips on their way from a gateway to durability: bytes on disk first, then a committed row, then ACCEPTED.
struct Intake {
    struct Waiter {
        let peer: PeerID
        let request: RequestID?
        let follow: Bool
        /// Payload this peer gets credit back for, bytes; 0 when it repeated a clip already under way.
        let charged: Int
    }

    struct Ticket {
        var clip: ClipRecord
        let blob: Blob
        var waiters: [Waiter]
        /// A commit was begun and how it ended is not known.
        var isInDoubt = false
    }

    private var tickets: [ClipKey: Ticket] = [:]
    private var toStore: Gatherer<ClipKey>
    private var toCommit: Gatherer<ClipKey>
    private var storing: [Int: [ClipKey]] = [:]
    private var committing: [Int: [ClipKey]] = [:]
    private var batches = 0

    init(configuration: BrokerConfiguration) {
        toStore = Gatherer(limits: configuration.clipGroup)
        toCommit = Gatherer(limits: configuration.commitGroup)
    }

    var count: Int { tickets.count }

    /// A commit was begun and how it ended is not known: the ledger may know clips that are not here.
    var hasDoubts: Bool { tickets.values.contains(where: \.isInDoubt) }

    func contains(_ key: ClipKey) -> Bool { tickets[key] != nil }

    /// The hash announced for a clip under way.
    func sha256(of key: ClipKey) -> ContentHash? { tickets[key]?.clip.sha256 }

    mutating func admit(_ submission: Submission, waiter: Waiter, now: Microseconds) {
        let key = ClipKey(submission.clip)
        precondition(tickets[key] == nil, "\(key) is under way already")
        tickets[key] = Ticket(clip: submission.clip, blob: submission.blob, waiters: [waiter])
        toStore.add(key, bytes: submission.blob.byteCount, now: now)
    }

    /// One more peer waits for a clip that is under way.
    mutating func join(_ key: ClipKey, _ waiter: Waiter) {
        guard tickets[key]?.waiters.contains(where: { $0.peer == waiter.peer }) == false else { return }
        tickets[key]?.waiters.append(waiter)
    }

    // MARK: bytes

    mutating func departToDisk(now: Microseconds) -> DiskOrder? {
        guard let keys = toStore.depart(now: now) else { return nil }
        batches += 1
        storing[batches] = keys
        return .storeClips(
            batch: batches,
            keys.compactMap { key in tickets[key].map { DiskItem(blob: $0.blob, sha256: $0.clip.sha256) } })
    }

    /// The bytes of a batch are durable; returns the clips whose bytes are not what was announced.
    mutating func stored(batch: Int, _ locations: [SegmentLocation?], now: Microseconds) -> [Ticket] {
        guard let keys = storing.removeValue(forKey: batch) else { return [] }
        precondition(locations.count == keys.count, "\(locations.count) locations for \(keys.count) clips")
        toStore.landed()
        var damaged: [Ticket] = []
        for (key, location) in zip(keys, locations) {
            if let location {
                tickets[key]?.clip.location = location
                toCommit.add(key, now: now)
            } else if let ticket = tickets.removeValue(forKey: key) {
                damaged.append(ticket)
            }
        }
        return damaged
    }

    /// The disk is full: gives the batch's clips back, none of them durable.
    mutating func notStored(batch: Int) -> [Ticket] {
        guard let keys = storing.removeValue(forKey: batch) else { return [] }
        toStore.landed()
        return keys.compactMap { tickets.removeValue(forKey: $0) }
    }

    // MARK: rows

    mutating func departToLedger(now: Microseconds) -> LedgerOrder? {
        guard let keys = toCommit.depart(now: now) else { return nil }
        batches += 1
        committing[batches] = keys
        return .accept(batch: batches, keys.compactMap { tickets[$0]?.clip })
    }

    /// The rows of a batch are committed; returns each clip with the ledger's word on it.
    mutating func accepted(batch: Int, _ acceptances: [Acceptance]) -> [(Ticket, Acceptance)] {
        guard let keys = committing.removeValue(forKey: batch) else { return [] }
        precondition(acceptances.count == keys.count, "\(acceptances.count) acceptances for \(keys.count) clips")
        toCommit.landed()
        return zip(keys, acceptances).compactMap { key, acceptance in
            tickets.removeValue(forKey: key).map { ($0, acceptance) }
        }
    }

    /// The database could not be asked: the same batch goes again.
    mutating func notCommitted(batch: Int) {
        guard let keys = committing.removeValue(forKey: batch) else { return }
        for key in keys { tickets[key]?.isInDoubt = true }
        toCommit.giveBack(keys)
    }

    /// The database refuses the batch: its halves go again, until the clip to blame stands alone and is returned.
    mutating func refused(batch: Int) -> Ticket? {
        guard let keys = committing.removeValue(forKey: batch) else { return nil }
        if keys.count == 1, let key = keys.first {
            toCommit.landed()
            return tickets.removeValue(forKey: key)
        }
        toCommit.giveBack(keys, halved: true)
        return nil
    }

    func deadline(ledgerIsUp: Bool) -> Microseconds? {
        [toStore.deadline, ledgerIsUp ? toCommit.deadline : nil].compactMap(\.self).min()
    }
}
