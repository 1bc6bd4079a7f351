/// An accepted clip that has neither result nor dead letter.
package struct PendingClip: Hashable, Sendable {
    package var job: Int64
    package var clip: ClipRecord
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var acceptedAt: Int64
    /// Tries that failed so far.
    package var attempts: Int

    package init(job: Int64, clip: ClipRecord, acceptedAt: Int64, attempts: Int) {
        (self.job, self.clip, self.acceptedAt, self.attempts) = (job, clip, acceptedAt, attempts)
    }
}
