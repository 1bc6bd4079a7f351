import Plant

/// Content in memory by its hash; the least recently used falls out.
struct Shelf {
    private struct Held {
        let blob: Blob
        var usedAt: Int
    }

    private let budget: Int
    private var held: [ContentHash: Held] = [:]
    private(set) var byteCount = 0
    private var uses = 0

    init(budget: Int) { self.budget = budget }

    mutating func find(_ hash: ContentHash) -> Blob? {
        uses += 1
        held[hash]?.usedAt = uses
        return held[hash]?.blob
    }

    /// Keeps the bytes and returns those that fall out, the newcomer itself when it is here already.
    mutating func keep(_ hash: ContentHash, _ blob: Blob) -> [Blob] {
        guard find(hash) == nil else { return [blob] }
        held[hash] = Held(blob: blob, usedAt: uses)
        byteCount += blob.byteCount
        var fallen: [Blob] = []
        while byteCount > budget, let oldest = held.min(by: { $0.value.usedAt < $1.value.usedAt }), held.count > 1 {
            held[oldest.key] = nil
            byteCount -= oldest.value.blob.byteCount
            fallen.append(oldest.value.blob)
        }
        return fallen
    }
}
