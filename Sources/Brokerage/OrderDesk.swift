import Plant

/// What operators want of the queue: what waits, and the orders to carry out, one after the other as they were given.
struct OrderDesk {
    /// Stand until somebody lifts them.
    private(set) var pauses: [QueueScope] = []
    private var orders: [OperatorOrder] = []
    /// Carried out here; the ledger may have been asked for its orders before it was told.
    private var closed: Set<Int64> = []

    // Of the present order:

    /// Clips it has touched.
    var touched = 0
    /// Clips it is about whose ending is not committed yet.
    private var awaited: Set<Int64> = []
    /// There may be clips that it has not looked at.
    var mustLook = true
    /// The ledger is asked which clips it is about.
    var hasAsked = false

    /// The order to carry out now.
    var present: OperatorOrder? { orders.first }

    func holds(_ clip: ClipRecord) -> Bool { pauses.contains { $0.covers(clip) } }

    var holdsShards: Bool { pauses.contains(where: \.coversShards) }

    /// Takes note of all orders that are not done; returns whether the pauses have changed.
    mutating func learn(_ open: [OperatorOrder]) -> Bool {
        closed.formIntersection(open.map(\.number))
        var scopes: [QueueScope] = []
        orders =
            orders.prefix(1)
            + open.filter { order in
                if case .pause(let scope) = order.action {
                    scopes.append(scope)
                    return false
                }
                return !closed.contains(order.number) && order.number != present?.number
            }
        defer { pauses = scopes }
        return scopes != pauses
    }

    mutating func await(_ job: Int64) { awaited.insert(job) }

    mutating func isCommitted(_ job: Int64) { awaited.remove(job) }

    var awaitsCommits: Bool { !awaited.isEmpty }

    /// The present order is done; returns how to tell the ledger.
    mutating func close() -> LedgerOrder {
        let order = orders.removeFirst()
        closed.insert(order.number)
        defer { (touched, mustLook, hasAsked) = (0, true, false) }
        return .closeOrder(order.number, clips: touched)
    }

    mutating func close(touching clips: Int) -> LedgerOrder {
        touched = clips
        return close()
    }
}

extension OperatorOrder {
    /// Whether this order ends a clip.
    func cancels(_ job: ClipJob) -> Bool {
        switch action {
        case .cancel(let scope, let lastJob): job.number <= lastJob && scope.covers(job.clip)
        case .cancelJobs(let jobs): jobs.contains(job.number)
        case .pause, .retry: false
        }
    }
}
