package import Plant
internal import SwiftProtobuf

/// A shard of kind "density.embed": clips to be turned into the embeddings of the density model.
package struct EmbedShard: Hashable, Sendable {
    package static let kind = "density.embed"

    /// Of log-mel clips, and to be computed of audio.
    package var feature: FeatureRecord
    package var clips: [ShardClip]

    package init(feature: FeatureRecord, clips: [ShardClip]) {
        self.feature = feature
        self.clips = clips
    }

    /// What became of the shard's clips, in their order.
    package struct Output: Hashable, Sendable {
        package struct Embedding: Hashable, Sendable {
            package var values: [Float]
            /// Frames of the clip's log-mel.
            package var frameCount: Int

            package init(values: [Float], frameCount: Int) {
                self.values = values
                self.frameCount = frameCount
            }
        }

        package var clips: [ClipOutcome<Embedding>]

        package init(clips: [ClipOutcome<Embedding>]) { self.clips = clips }
    }
}

extension EmbedShard {
    package func encoded() -> [UInt8] {
        encode(
            WireEmbedShard.with {
                $0.feature = feature.message
                $0.clips = clips.map(\.message)
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireEmbedShard.self, from: bytes)
        feature = FeatureRecord(message.feature)
        clips = try message.clips.map(ShardClip.init)
    }
}

extension EmbedShard.Output {
    package func encoded() -> [UInt8] {
        encode(
            WireEmbedShardOutput.with {
                $0.clips = clips.map { outcome in
                    .with {
                        switch outcome {
                        case .done(let embedding):
                            $0.values = embedding.values
                            $0.frames = UInt32(clamping: embedding.frameCount)
                        case .unusable(let reason): $0.failure = reason
                        }
                    }
                }
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        clips = try decode(WireEmbedShardOutput.self, from: bytes).clips.map { clip in
            clip.failure.isEmpty
                ? .done(Embedding(values: clip.values, frameCount: Int(clip.frames))) : .unusable(reason: clip.failure)
        }
    }
}
