/// Whether the database answers; while it does not, one attempt now and then asks again.
struct LedgerLink {
    private static let policy: RetryPolicy = {
        var policy = RetryPolicy()
        policy.base = 200_000
        policy.cap = 2_000_000
        return policy
    }()

    private var failures = 0
    private(set) var retryAt: Microseconds = .min

    var isUp: Bool { failures == 0 }

    /// Whether orders may leave now.
    func mayAsk(now: Microseconds) -> Bool { isUp || now >= retryAt }

    /// While the database is away, one order at a time is enough to find out whether it is back.
    mutating func asked(now: Microseconds) {
        if !isUp { retryAt = now + Self.policy.cap }
    }

    mutating func answered() { failures = 0 }

    mutating func failed(now: Microseconds, dice: inout Dice) {
        failures += 1
        retryAt = now + Self.policy.base / 2 + Self.policy.pause(afterFailures: failures, dice: &dice)
    }
}
