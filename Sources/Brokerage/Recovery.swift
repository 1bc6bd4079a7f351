/// What a broker still has to learn after its start: which clips are open, and who is at work on what.
struct Recovery {
    struct Claim {
        let token: Token
        let worker: PeerID
    }

    /// The last job read from the ledger.
    private(set) var cursor: Int64 = 0
    private(set) var isLoading = false
    /// Every clip that was open at the start is known here.
    private(set) var isComplete = false
    private let startedAt: Microseconds
    private let window: Microseconds
    private let heartbeatInterval: Microseconds
    private var firstWorkerAt: Microseconds?
    /// Until then recovered clips are kept for workers that may hold them.
    private(set) var reservationsEnded = false
    private var claims: [JobID: Claim] = [:]

    init(configuration: BrokerConfiguration, now: Microseconds) {
        startedAt = now
        window = configuration.adoptionWindow
        heartbeatInterval = configuration.heartbeatInterval
    }

    mutating func workerCame(now: Microseconds) { firstWorkerAt = firstWorkerAt ?? now }

    /// Workers notice within a heartbeat of each other that they have a new broker; without any worker there is nobody
    /// to hand a clip to, and waiting costs nothing.
    func everyWorkerHadTime(now: Microseconds) -> Bool {
        let first = firstWorkerAt ?? startedAt + 2 * window
        return now >= startedAt + window && now >= first + heartbeatInterval
    }

    mutating func beginPage(limit: Int) -> LedgerOrder {
        isLoading = true
        return .loadPending(after: cursor, limit: limit)
    }

    mutating func endPage(last: Int64?, isShort: Bool) {
        isLoading = false
        cursor = last ?? cursor
        isComplete = isShort
    }

    mutating func failPage() { isLoading = false }

    mutating func endReservations() { reservationsEnded = true }

    /// Once nothing can be adopted any more, what is still claimed belongs to nobody.
    var mayClaim: Bool { !isComplete || !reservationsEnded }

    mutating func claim(_ job: JobID, _ claim: Claim) {
        if claims[job] == nil { claims[job] = claim }
    }

    func isClaimed(_ job: JobID, by worker: PeerID) -> Bool { claims[job]?.worker == worker }

    func isClaimed(_ token: Token) -> Bool { claims.values.contains { $0.token == token } }

    mutating func takeClaim(_ job: JobID) -> Claim? { claims.removeValue(forKey: job) }

    mutating func forgetClaims(of worker: PeerID) { claims = claims.filter { $0.value.worker != worker } }

    mutating func forgetClaims() { claims = [:] }
}
