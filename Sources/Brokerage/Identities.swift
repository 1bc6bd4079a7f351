package import Plant

/// One run of one peer: a worker, gateway, coordinator or operator from its HELLO until it falls silent.
///
/// The shell hands them out, a new one to a peer that restarts or comes back after it was forgotten.
package struct PeerID: Hashable, Comparable, Sendable {
    package let number: Int

    package init(_ number: Int) { self.number = number }

    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// Which message of a peer an answer belongs to: the number that came with it. What answers nothing has none.
package struct RequestID: Hashable, Sendable {
    package let sequence: UInt32

    package init(sequence: UInt32) { self.sequence = sequence }
}

/// Bytes the shell keeps in memory until the broker says `release`.
package struct Blob: Hashable, Sendable {
    package let number: Int
    package let byteCount: Int

    package init(_ number: Int, byteCount: Int) {
        self.number = number
        self.byteCount = byteCount
    }
}

/// Where the bytes of a message's payload are.
package enum Payload: Hashable, Sendable {
    case none
    /// In the shell's memory; performing the action does not release it.
    case memory(Blob)
    /// In the segment store of clips.
    case clip(SegmentLocation)
    /// In the segment store of content.
    case content(SegmentLocation)
}

/// Where content is that a peer asked for.
package enum ContentPlace: Hashable, Sendable {
    case at(Payload)
    /// Nobody has put it.
    case unknown
    /// It is known, and its bytes are not what they were.
    case damaged
}

/// The idempotency key of a clip: unique per site.
package struct ClipKey: Hashable, Sendable {
    package let site: String
    package let key: String

    package init(_ clip: ClipRecord) {
        site = clip.site
        key = clip.key
    }
}

/// A fixed slice of one step of a run.
package struct ShardKey: Hashable, Comparable, Sendable {
    package let run: Int64
    package let step: UInt32
    package let phase: UInt32
    package let shard: UInt32
    /// 0 for the first; a further copy runs on another worker, for speed or as an audit.
    package let copy: UInt32

    package init(run: Int64, step: UInt32, phase: UInt32, shard: UInt32, copy: UInt32 = 0) {
        self.run = run
        self.step = step
        self.phase = phase
        self.shard = shard
        self.copy = copy
    }

    /// The same slice whatever the copy.
    package var original: ShardKey { ShardKey(run: run, step: step, phase: phase, shard: shard) }

    package static func < (left: Self, right: Self) -> Bool {
        (left.run, left.step, left.phase, left.shard, left.copy)
            < (right.run, right.step, right.phase, right.shard, right.copy)
    }
}

/// What was asked: the scoring of a clip, or a shard.
package enum JobID: Hashable, Sendable {
    /// The number is the ledger's.
    case clip(Int64)
    case shard(ShardKey)
}
