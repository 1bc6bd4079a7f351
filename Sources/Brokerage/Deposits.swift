import Plant

/// Content on its way to durability, as clips in the intake: bytes first, then a committed row, then STORED.
///
/// Content that is only to be held in memory passes the disk lane too, where its hash is checked.
struct Deposits {
    struct Ticket {
        let put: Put
        let peer: PeerID
        let request: RequestID?
        var location = SegmentLocation.unstored(length: 0)
    }

    private var tickets: [Int: Ticket] = [:]
    private var toStore: Gatherer<Int>
    private var toCheck: Gatherer<Int>
    private var toRecord: Gatherer<Int>
    private var trips: [Int: [Int]] = [:]
    private var numbers = 0

    init(configuration: BrokerConfiguration) {
        toStore = Gatherer(limits: configuration.contentGroup)
        toCheck = Gatherer(limits: configuration.contentGroup)
        toRecord = Gatherer(limits: configuration.commitGroup)
    }

    mutating func admit(_ put: Put, from peer: PeerID, _ request: RequestID?, now: Microseconds) {
        numbers += 1
        tickets[numbers] = Ticket(put: put, peer: peer, request: request)
        if put.durable {
            toStore.add(numbers, bytes: put.blob.byteCount, now: now)
        } else {
            toCheck.add(numbers, bytes: put.blob.byteCount, now: now)
        }
    }

    mutating func departToDisk(now: Microseconds) -> [DiskOrder] {
        var orders: [DiskOrder] = []
        if let group = toStore.depart(now: now) { orders.append(.storeContent(batch: begin(group), items(group))) }
        if let group = toCheck.depart(now: now) { orders.append(.check(batch: begin(group), items(group))) }
        return orders
    }

    mutating func departToLedger(now: Microseconds) -> LedgerOrder? {
        guard let group = toRecord.depart(now: now) else { return nil }
        let rows = group.compactMap { tickets[$0] }.map { (hash: $0.put.sha256, location: $0.location) }
        return .recordContent(batch: begin(group), rows)
    }

    private mutating func begin(_ group: [Int]) -> Int {
        numbers += 1
        trips[numbers] = group
        return numbers
    }

    private func items(_ group: [Int]) -> [DiskItem] {
        group.compactMap { tickets[$0] }.map { DiskItem(blob: $0.put.blob, sha256: $0.put.sha256) }
    }

    /// The bytes of a batch are durable; returns what has another hash than announced.
    mutating func stored(batch: Int, _ locations: [SegmentLocation?], now: Microseconds) -> [Ticket] {
        guard let group = trips.removeValue(forKey: batch) else { return [] }
        toStore.landed()
        var damaged: [Ticket] = []
        for (number, location) in zip(group, locations) {
            if let location {
                tickets[number]?.location = location
                toRecord.add(number, now: now)
            } else if let ticket = tickets.removeValue(forKey: number) {
                damaged.append(ticket)
            }
        }
        return damaged
    }

    /// Returns each piece of a batch with whether it has the hash announced.
    mutating func checked(batch: Int, _ verdicts: [Bool]) -> [(Ticket, Bool)] {
        guard let group = trips.removeValue(forKey: batch) else { return [] }
        toCheck.landed()
        return zip(group, verdicts).compactMap { number, verdict in
            tickets.removeValue(forKey: number).map { ($0, verdict) }
        }
    }

    mutating func notStored(batch: Int) -> [Ticket] {
        guard let group = trips.removeValue(forKey: batch) else { return [] }
        toStore.landed()
        return group.compactMap { tickets.removeValue(forKey: $0) }
    }

    mutating func recorded(batch: Int) -> [Ticket] {
        guard let group = trips.removeValue(forKey: batch) else { return [] }
        toRecord.landed()
        return group.compactMap { tickets.removeValue(forKey: $0) }
    }

    mutating func notRecorded(batch: Int) {
        guard let group = trips.removeValue(forKey: batch) else { return }
        toRecord.giveBack(group)
    }

    /// Moment at which a group is old enough to leave.
    func deadline(ledgerIsUp: Bool) -> Microseconds? {
        [toStore.deadline, toCheck.deadline, ledgerIsUp ? toRecord.deadline : nil].compactMap(\.self).min()
    }
}
