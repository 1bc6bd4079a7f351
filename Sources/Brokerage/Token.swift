/// Names one lease: broker epoch << 32 | counter.
///
/// Epochs only grow, so a token is never used twice, and one kept across a restart of the broker cannot collide with
/// those of the new epoch.
package struct Token: Hashable, Comparable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package init(epoch: UInt32, counter: UInt32) {
        rawValue = UInt64(epoch) << 32 | UInt64(counter)
    }

    package var epoch: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }

    package var counter: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
