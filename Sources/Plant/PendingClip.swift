/// An accepted clip that has neither result nor dead letter.
package struct PendingClip: Hashable, Sendable {
    package var job: Int64
    package var clip: ClipRecord
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var acceptedAt: Int64
    /// Tries that failed so far.
    package var attempts: Int
    /// Those of them that a retry by an operator has forgiven.
    package var forgiven: Int

    package init(job: Int64, clip: ClipRecord, acceptedAt: Int64, attempts: Int, forgiven: Int = 0) {
        (self.job, self.clip, self.acceptedAt) = (job, clip, acceptedAt)
        (self.attempts, self.forgiven) = (attempts, forgiven)
    }
}
