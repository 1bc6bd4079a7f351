/// Payload of clips held in memory, bytes.
struct MemoryBudget {
    let limit: Int
    private(set) var used = 0

    init(limit: Int) { self.limit = limit }

    /// Takes room for a payload; false when there is none. One payload always fits.
    mutating func take(_ byteCount: Int) -> Bool {
        guard used == 0 || used + byteCount <= limit else { return false }
        used += byteCount
        return true
    }

    mutating func giveBack(_ byteCount: Int) {
        precondition(used >= byteCount, "\(byteCount) bytes given back of \(used)")
        used -= byteCount
    }

    /// Half of the room is left to clips that are not accepted yet.
    var mayKeepAccepted: Bool { used <= limit / 2 }
}
