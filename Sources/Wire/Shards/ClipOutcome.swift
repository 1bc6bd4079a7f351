/// What a shard made of one clip.
package enum ClipOutcome<Value: Hashable & Sendable>: Hashable, Sendable {
    case done(Value)
    /// The clip itself is at fault: why, in a sentence that names it.
    case unusable(reason: String)
}
