/// The specification or the output of a shard is not what its kind prescribes.
package struct ShardMessageError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
