package import Plant

/// Keeps what clips were decoded to, for the next time they are heard.
package protocol FeatureStore: AnyObject {
    /// Nil where it was never kept, or has fallen out.
    func find(_ key: ContentHash) -> [Float]?
    /// Whether `find` would probably find it.
    func has(_ key: ContentHash) -> Bool
    func keep(_ key: ContentHash, _ values: [Float])
}

/// Keeps features in memory, as much as a bound allows; what was kept first falls out first.
package final class MemoryFeatureStore: FeatureStore {
    private let byteLimit: Int
    private var entries: [ContentHash: [Float]] = [:]
    private var order: [ContentHash] = []
    private var byteCount = 0

    package init(byteLimit: Int = 256 << 20) { self.byteLimit = byteLimit }

    package func find(_ key: ContentHash) -> [Float]? { entries[key] }

    package func has(_ key: ContentHash) -> Bool { entries[key] != nil }

    package func keep(_ key: ContentHash, _ values: [Float]) {
        guard entries.updateValue(values, forKey: key) == nil else { return }
        order.append(key)
        byteCount += values.count * MemoryLayout<Float>.size
        while byteCount > byteLimit, order.count > 1 {
            byteCount -= (entries.removeValue(forKey: order.removeFirst())?.count ?? 0) * MemoryLayout<Float>.size
        }
    }
}
