import Plant

/// The keys accepted lately, so that a repeated clip is answered without touching disk or database.
///
/// Two generations: when the young one is full it becomes the old one, and the old one is forgotten.
struct RecentKeys {
    struct Known {
        let job: Int64
        let sha256: ContentHash
    }

    private let limit: Int
    private var young: [ClipKey: Known] = [:]
    private var old: [ClipKey: Known] = [:]

    init(limit: Int) { self.limit = limit }

    subscript(key: ClipKey) -> Known? { young[key] ?? old[key] }

    mutating func remember(_ key: ClipKey, _ known: Known) {
        if young.count >= max(limit / 2, 1) {
            old = young
            young = [:]
        }
        young[key] = known
    }
}
