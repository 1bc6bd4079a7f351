/// Reproducible chance: the n-th roll is a function of the seed and n alone.
///
/// Source: G. L. Steele et al., "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).
struct Dice: Sendable {
    private let seed: UInt64
    private var count: UInt64 = 0

    init(seed: UInt64) { self.seed = seed }

    /// A number in 0 ..< bound.
    mutating func roll(below bound: Int64) -> Int64 {
        precondition(bound > 0, "dice need a positive bound, got \(bound)")
        count += 1
        var z = seed &+ count &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Int64(z.multipliedFullWidth(by: UInt64(bound)).high)
    }
}
