package import Plant

/// Content by its hash, as much as a bound allows; what was used longest ago falls out first.
package struct ContentCache {
    private let byteLimit: Int
    private var entries: [ContentHash: (bytes: [UInt8], usedAt: Int)] = [:]
    private var byteCount = 0
    private var uses = 0

    package init(byteLimit: Int) {
        precondition(byteLimit >= 0, "a cache of \(byteLimit) bytes")
        self.byteLimit = byteLimit
    }

    /// The newest entry stays even where it alone exceeds the bound: it is about to be used.
    package subscript(_ hash: ContentHash) -> [UInt8]? {
        mutating get {
            uses += 1
            entries[hash]?.usedAt = uses
            return entries[hash]?.bytes
        }
        set {
            uses += 1
            if let old = entries.removeValue(forKey: hash) { byteCount -= old.bytes.count }
            guard let newValue else { return }
            byteCount += newValue.count
            while byteCount > byteLimit, let oldest = entries.min(by: { $0.value.usedAt < $1.value.usedAt }) {
                entries[oldest.key] = nil
                byteCount -= oldest.value.bytes.count
            }
            entries[hash] = (newValue, uses)
        }
    }
}
