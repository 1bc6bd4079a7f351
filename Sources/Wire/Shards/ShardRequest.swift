/// Where a shard stands in its run.
package struct ShardPlace: Hashable, Sendable {
    package var step: UInt32
    package var phase: UInt32
    package var shard: UInt32

    package init(step: UInt32 = 0, phase: UInt32 = 0, shard: UInt32) {
        (self.step, self.phase, self.shard) = (step, phase, shard)
    }

    package init(_ key: WireShardKey) {
        self.init(step: key.step, phase: key.phase, shard: key.shard)
    }
}

extension ShardPlace: CustomStringConvertible {
    package var description: String { "shard \(shard) of step \(step), phase \(phase)" }
}

extension ShardPlace: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.step, left.phase, left.shard) < (right.step, right.phase, right.shard)
    }
}

/// A shard that waits to be computed.
package struct ShardRequest: Hashable, Sendable {
    package var place: ShardPlace
    /// Names the work and the message in `specification`.
    package var kind: String
    package var specification: [UInt8]
    /// The shard whose worker has at hand what this one needs.
    package var follows: ShardPlace?

    package init(place: ShardPlace, kind: String, specification: [UInt8], follows: ShardPlace? = nil) {
        (self.place, self.kind, self.specification, self.follows) = (place, kind, specification, follows)
    }

    /// The request as it travels, of the run with that number.
    package func work(run: Int64) -> WireShardWork {
        var work = WireShardWork()
        work.key.run = run
        work.key.step = place.step
        work.key.phase = place.phase
        work.key.shard = place.shard
        work.kind = kind
        work.specification = .init(wire: specification)
        return work
    }
}
