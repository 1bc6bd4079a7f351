private import Glibc

/// Random numbers that are a function of a key and a counter, so that any draw can be made again anywhere.
///
/// A key is a list of integers such as (seed, epoch, step): equal keys give equal streams, and streams of different keys
/// do not overlap in practice. The generator is SplitMix64, started at a hash of the key.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
package struct CounterRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(_ key: UInt64...) {
        state = key.reduce(0x6A09_E667_F3BC_C909) { Self.mixed($0 ^ Self.mixed($1 &+ 0x9E37_79B9_7F4A_7C15)) }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in [0, 1), with 53 random bits.
    package mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A whole number in 0..<bound, without bias.
    package mutating func nextIndex(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next(upperBound: UInt64(bound)))
    }

    /// A draw from the normal distribution of mean 0 and deviation 1 (Box and Muller, one of the pair).
    package mutating func nextNormal() -> Double {
        let radius = (-2 * log(1 - nextUnit())).squareRoot()
        return radius * cos(2 * .pi * nextUnit())
    }

    /// A draw from the arcsine distribution on 0...1, which is Beta(1/2, 1/2).
    package mutating func nextArcsine() -> Double {
        let sine = sin(.pi * nextUnit() / 2)
        return sine * sine
    }

    /// The whole numbers 0..<count in random order (Fisher and Yates).
    package mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, nextIndex(below: last + 1)) }
        return order
    }
}
