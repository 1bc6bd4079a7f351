internal import SwiftProtobuf

/// A shard of kind "os-scl.forward": clips of a batch to be taken up to the features of the backbone.
package struct ForwardShard: Hashable, Sendable {
    package static let kind = "os-scl.forward"

    /// A clip as the network hears it in training: with another one mixed in.
    package struct Clip: Hashable, Sendable {
        package var clip: ShardClip
        /// Nil where nothing is mixed in.
        package var partner: ShardClip?
        /// Of the clip itself, 0...1.
        package var share: Float

        package init(_ clip: ShardClip, partner: ShardClip? = nil, share: Float = 1) {
            self.clip = clip
            self.partner = partner
            self.share = share
        }
    }

    package var task: NetworkTask
    package var clips: [Clip]

    package init(task: NetworkTask, clips: [Clip]) {
        self.task = task
        self.clips = clips
    }

    package struct Output: Hashable, Sendable {
        /// **Shape** [clips][trunkChannels].
        package var features: [Float]
        /// The moments of the backbone's batch norms, where the running ones lie behind the trained parameters.
        package var statistics: [Float]

        package init(features: [Float], statistics: [Float]) {
            self.features = features
            self.statistics = statistics
        }
    }
}

extension ForwardShard {
    package func encoded() -> [UInt8] {
        encode(
            WireForwardShard.with {
                $0.task = task.message
                $0.clips = clips.map { clip in
                    .with {
                        $0.clip = clip.clip.message
                        if let partner = clip.partner { $0.partner = partner.message }
                        $0.share = clip.share
                    }
                }
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireForwardShard.self, from: bytes)
        task = try NetworkTask(message.task)
        clips = try message.clips.map { clip throws(WireError) in
            guard (0...1).contains(clip.share) else {
                throw WireError(.badBody, "a share of \(clip.share) of the clip \"\(clip.clip.name)\"")
            }
            return Clip(
                try ShardClip(clip.clip), partner: clip.hasPartner ? try ShardClip(clip.partner) : nil,
                share: clip.share)
        }
    }
}

extension ForwardShard.Output {
    package func encoded() -> [UInt8] {
        encode(
            WireForwardShardOutput.with {
                $0.features = .init(wire: features)
                $0.statistics = .init(wire: statistics)
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireForwardShardOutput.self, from: bytes)
        features = try numbers(message.features, of: "features")
        statistics = try numbers(message.statistics, of: "statistics")
    }
}
