/// Collects entries for a slow lane (a disk, a database) so that many share one trip.
///
/// An idle lane takes what there is. While a trip is under way entries gather; a second trip starts when they reach a
/// limit of count, bytes or age; there are never more than two. A batch that must be tried again goes before new ones.
struct Gatherer<Entry> {
    private let limits: GroupLimits
    private var waiting: [(entry: Entry, bytes: Int)] = []
    private var waitingBytes = 0
    private var waitingSince: Microseconds = 0
    private var again: [[Entry]] = []
    private var underWay = 0

    init(limits: GroupLimits) { self.limits = limits }

    var isEmpty: Bool { waiting.isEmpty && again.isEmpty }

    mutating func add(_ entry: Entry, bytes: Int = 0, now: Microseconds) {
        if waiting.isEmpty { waitingSince = now }
        waiting.append((entry, bytes))
        waitingBytes += bytes
    }

    /// The moment at which the age limit starts a trip; nil when only the end of another trip can.
    var deadline: Microseconds? {
        waiting.isEmpty || underWay >= 2 || !again.isEmpty ? nil : waitingSince + limits.age
    }

    /// The next batch if one should leave now; `landed` or `giveBack` must follow.
    mutating func depart(now: Microseconds) -> [Entry]? {
        guard underWay < 2 else { return nil }
        if !again.isEmpty {
            guard underWay == 0 else { return nil }
            underWay += 1
            return again.removeFirst()
        }
        guard !waiting.isEmpty else { return nil }
        let full = waiting.count >= limits.count || waitingBytes >= limits.bytes
        guard underWay == 0 || full || now - waitingSince >= limits.age else { return nil }
        underWay += 1
        return takeGroup()
    }

    /// A trip has ended well.
    mutating func landed() {
        precondition(underWay > 0, "a trip ended that never began")
        underWay -= 1
    }

    /// A trip has failed: its batch is tried again, in halves when one of its entries may be to blame.
    mutating func giveBack(_ batch: [Entry], halved: Bool = false) {
        landed()
        guard halved, batch.count > 1 else { return again.append(batch) }
        again.append(Array(batch[..<(batch.count / 2)]))
        again.append(Array(batch[(batch.count / 2)...]))
    }

    private mutating func takeGroup() -> [Entry] {
        var bytes = 0
        var count = 0
        while count < waiting.count, count < limits.count, count == 0 || bytes + waiting[count].bytes <= limits.bytes {
            bytes += waiting[count].bytes
            count += 1
        }
        let group = waiting[..<count].map(\.entry)
        waiting.removeFirst(count)
        waitingBytes -= bytes
        return group
    }
}
