package import Plant
internal import SwiftProtobuf

/// A shard of kind "embed": clips to be turned into the numbers that a model is fitted to.
package struct EmbedShard: Hashable, Sendable {
    package static let kind = "embed"

    /// What is computed of a clip's log-mel.
    package enum Embedding: Sendable {
        /// The mean of every band over time, then the deviation of every band.
        case timeStatistics
        /// Floor, crest and flutter of every band.
        case hearing
    }

    /// Of log-mel clips, and to be computed of audio.
    package var feature: FeatureRecord
    package var clips: [ShardClip]
    package var embedding: Embedding

    package init(feature: FeatureRecord, clips: [ShardClip], embedding: Embedding) {
        self.feature = feature
        self.clips = clips
        self.embedding = embedding
    }

    /// What became of the shard's clips, in their order.
    package struct Output: Hashable, Sendable {
        package struct Clip: Hashable, Sendable {
            package var values: [Double]
            /// Frames of the clip's log-mel.
            package var frameCount: Int

            package init(values: [Double], frameCount: Int) {
                self.values = values
                self.frameCount = frameCount
            }
        }

        package var clips: [ClipOutcome<Clip>]

        package init(clips: [ClipOutcome<Clip>]) { self.clips = clips }
    }
}

extension EmbedShard {
    package func encoded() -> [UInt8] {
        encode(
            WireEmbedShard.with {
                $0.feature = feature.message
                $0.clips = clips.map(\.message)
                $0.embedding = embedding == .hearing ? .hearing : .timeStatistics
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireEmbedShard.self, from: bytes)
        feature = FeatureRecord(message.feature)
        clips = try message.clips.map(ShardClip.init)
        switch message.embedding {
        case .timeStatistics: embedding = .timeStatistics
        case .hearing: embedding = .hearing
        default: throw WireError(.badBody, "the shard asks for no embedding that this version knows")
        }
    }
}

extension EmbedShard.Output {
    package func encoded() -> [UInt8] {
        encode(
            WireEmbedShardOutput.with {
                $0.clips = clips.map { outcome in
                    .with {
                        switch outcome {
                        case .done(let clip):
                            $0.values = clip.values
                            $0.frames = UInt32(clamping: clip.frameCount)
                        case .unusable(let reason): $0.failure = reason
                        }
                    }
                }
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        clips = try decode(WireEmbedShardOutput.self, from: bytes).clips.map { clip in
            clip.failure.isEmpty
                ? .done(Clip(values: clip.values, frameCount: Int(clip.frames))) : .unusable(reason: clip.failure)
        }
    }
}
