import Brokerage

/// The lock for which the brokers' processes compete: a hint who should lead.
struct SimulatedLock {
    /// A holder that has not confirmed for so long is cut off.
    private static let patience: Microseconds = 4_000_000

    private var holder: Int?
    private var heldAt: Microseconds = 0

    /// Takes the lock, or confirms that it is held; false while another process holds it.
    mutating func hold(_ process: Int, now: Microseconds) -> Bool {
        guard holder == nil || holder == process || now - heldAt > Self.patience else { return false }
        (holder, heldAt) = (process, now)
        return true
    }

    /// The process has given it back, or has died.
    mutating func release(_ process: Int) { if holder == process { holder = nil } }

    /// The database has lost its connections.
    mutating func releaseAll() { holder = nil }

    /// A broker leads that was not entitled to, as a lock that is only a hint allows.
    mutating func rob(_ process: Int, now: Microseconds) { (holder, heldAt) = (process, now) }
}
