import Plant

/// An accepted clip on its way to a result.
///
///     waiting ──► leased ──► concluded ──► (gone, once the outcome is committed)
///        ▲          │
///        └─ pausing ┘  after a failure
struct ClipJob {
    enum State {
        /// In the backlog, isolated, or reserved for a worker that may claim it after a restart.
        case waiting
        /// Until its retry.
        case pausing
        case leased
        /// Its outcome waits to be committed.
        case concluded
    }

    let number: Int64
    let clip: ClipRecord
    let acceptedAt: Microseconds
    var state = State.waiting
    /// Attempts that failed.
    var failures: Int
    /// Those of them that a retry by an operator has forgiven.
    let forgiven: Int
    /// Its sensor delivered the same bytes lately, as another recording.
    var isRepeat = false
    /// Workers that died running it.
    var deaths = 0
    /// Its payload, while it is still in memory.
    var blob: Blob?

    /// Number of the attempt that is under way or comes next, 1 for the first.
    var attempt: Int { failures + 1 }
}
