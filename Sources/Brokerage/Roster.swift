/// What the ledger was last told of the workers.
struct Roster {
    /// What makes a change worth telling at once; the rest is told every few seconds.
    struct Entry: Hashable {
        let name: String
        let process: UInt32
        let draining: Bool
    }

    private let interval: Microseconds
    private var told: [Entry]?
    private var toldAt: Microseconds = .min
    /// An order is on its way to the ledger.
    private var isTelling = false

    init(interval: Microseconds) { self.interval = interval }

    /// Who comes, goes or drains is told within a second, what they do every interval; never job by job.
    mutating func shouldTell(_ entries: [Entry], now: Microseconds) -> Bool {
        guard !isTelling else { return false }
        let pause = told == entries ? interval : min(interval, 500_000)
        guard told == nil || now - toldAt >= pause else { return false }
        (told, toldAt, isTelling) = (entries, now, true)
        return true
    }

    mutating func wasTold() { isTelling = false }

    mutating func wasNotTold() { (told, isTelling) = (nil, false) }
}
