/// The leases of this epoch that have ended, as far back as matters: whoever held one may still report under it.
///
/// Two generations: when the young one is full it becomes the old one, and the old one is forgotten.
struct FormerLeases {
    private static let generation = 32_768

    private var young: [Token: Lease] = [:]
    private var old: [Token: Lease] = [:]

    subscript(token: Token) -> Lease? { young[token] ?? old[token] }

    mutating func remember(_ lease: Lease) {
        if young.count >= Self.generation {
            old = young
            young = [:]
        }
        young[lease.token] = lease
    }
}
