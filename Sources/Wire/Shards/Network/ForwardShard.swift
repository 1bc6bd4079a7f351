package import Plant
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
        /// Where the crops of both begin, frames.
        package var start: Int
        package var partnerStart: Int

        package init(
            _ clip: ShardClip, partner: ShardClip? = nil, share: Float = 1, start: Int = 0, partnerStart: Int = 0
        ) {
            self.clip = clip
            self.partner = partner
            self.share = share
            self.start = start
            self.partnerStart = partnerStart
        }
    }

    package var task: NetworkTask
    package var clips: [Clip]
    /// Of the averaged network's weights, which hears the same clips at rest; nil where none does.
    package var teacher: ContentHash?

    package init(task: NetworkTask, clips: [Clip], teacher: ContentHash? = nil) {
        self.task = task
        self.clips = clips
        self.teacher = teacher
    }

    package struct Output: Hashable, Sendable {
        /// **Shape** [clips][trunkChannels].
        package var features: [Float]
        /// The moments of the backbone's batch norms, where the running ones lie behind the trained parameters.
        package var statistics: [Float]
        /// What the averaged network makes of the clips: embeddings [clips][embeddingSize] and cosines [clips][classes];
        /// empty where none was asked for.
        package var teacher: Teacher

        package struct Teacher: Hashable, Sendable {
            package var embeddings: [Float] = []
            package var cosines: [Float] = []

            package init() {}
        }

        package init(features: [Float], statistics: [Float], teacher: Teacher = Teacher()) {
            self.features = features
            self.statistics = statistics
            self.teacher = teacher
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
                        $0.start = UInt32(clamping: clip.start)
                        $0.partnerStart = UInt32(clamping: clip.partnerStart)
                    }
                }
                if let teacher { $0.teacherSha256 = .init(wire: teacher.bytes) }
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
                share: clip.share, start: Int(clip.start), partnerStart: Int(clip.partnerStart))
        }
        teacher =
            message.teacherSha256.isEmpty ? nil : try contentHash(message.teacherSha256, of: "the averaged weights")
    }
}

extension ForwardShard.Output {
    package func encoded() -> [UInt8] {
        encode(
            WireForwardShardOutput.with {
                $0.features = .init(wire: features)
                $0.statistics = .init(wire: statistics)
                $0.teacherEmbeddings = .init(wire: teacher.embeddings)
                $0.teacherCosines = .init(wire: teacher.cosines)
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireForwardShardOutput.self, from: bytes)
        features = try numbers(message.features, of: "features")
        statistics = try numbers(message.statistics, of: "statistics")
        teacher = Teacher()
        teacher.embeddings = try numbers(message.teacherEmbeddings, of: "embeddings")
        teacher.cosines = try numbers(message.teacherCosines, of: "cosines")
    }
}
