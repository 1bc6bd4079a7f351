/// Which of the sessions that stand in the way have not moved for some time of the steady clock, whatever the server's
/// calendar says.
struct StandstillWatch {
    struct Session: Hashable {
        let process: Int64
        /// Another text whenever the session has moved.
        let state: String
    }

    private let patience: Duration
    private var since: [Session: ContinuousClock.Instant] = [:]

    init(patience: Duration) { self.patience = patience }

    /// Takes note of the sessions that are in the way now, and returns those that have stood still for too long.
    mutating func standing(still sessions: [Session], now: ContinuousClock.Instant) -> [Int64] {
        since = Dictionary(sessions.map { ($0, since[$0] ?? now) }, uniquingKeysWith: { first, _ in first })
        return since.filter { now - $0.value >= patience }.map(\.key.process).sorted()
    }
}
