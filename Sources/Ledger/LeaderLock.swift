/// The hint which broker should lead: a lock that one of them holds at a time.
///
/// Only a hint, because a broker may lose it without noticing; the arbiter is the epoch, which every write checks.
/// Calls block on the database; one thread at a time.
package protocol LeaderLock: Sendable {
    /// Takes the lock, or makes sure that it is still held; false while another broker holds it.
    ///
    /// - Throws: `.unreachable` when the database cannot be asked; the lock is lost then.
    func hold() throws -> Bool

    /// Gives the lock back, if it is held.
    func release()
}
