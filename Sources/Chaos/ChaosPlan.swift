internal import Plant

/// What goes wrong and when, drawn from a seed: first nothing for a while, then one fault after the other.
package struct ChaosPlan: Sendable {
    /// How long after a fault has ended its window lasts: a dead broker is replaced and its clips are scored by then.
    package static let recoveryMilliseconds: Int64 = 10_000

    package let seed: UInt64
    /// Fault-free time at the begin, milliseconds.
    package let calm: Int64
    package let duration: Int64
    package let faults: [ChaosFault]

    /// Every kind comes about equally often, in a shuffled order.
    ///
    /// - Parameters:
    ///   - seconds: of the whole run
    ///   - canFillDisk: the clips' disk is one that may be filled.
    package init(seed: UInt64, seconds: Int, faults count: Int, canFillDisk: Bool) {
        precondition(seconds > 0 && count >= 0, "\(count) faults in \(seconds) s")
        var dice = ChaosDice(seed: seed)
        self.seed = seed
        duration = Int64(seconds) * 1_000
        calm = max(5_000, duration / 12)
        let kinds = ChaosFault.Kind.allCases.filter { canFillDisk || $0 != .fillDisk }
        var deck: [ChaosFault.Kind] = []
        while deck.count < count { deck += kinds.shuffled(using: &dice) }
        let slot = max(duration - calm, 1) / Int64(max(count, 1))
        var faults: [ChaosFault] = []
        for (number, kind) in deck.prefix(count).enumerated() {
            let span = min(Int64.random(in: kind.spans, using: &dice), slot)
            let jitter = Int64.random(in: 0...max(0, (slot - span - Self.recoveryMilliseconds) / 2), using: &dice)
            let choice = Int.random(in: 0..<1_000, using: &dice)
            faults.append(ChaosFault(kind: kind, at: calm + Int64(number) * slot + jitter, span: span, choice: choice))
        }
        self.faults = faults
    }
}

/// The same numbers from the same seed.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
struct ChaosDice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
