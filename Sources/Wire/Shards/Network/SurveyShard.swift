package import Plant
internal import SwiftProtobuf

/// A shard of kind "os-scl.survey": clips to be looked at before a network is trained on them.
package struct SurveyShard: Hashable, Sendable {
    package static let kind = "os-scl.survey"

    package var feature: FeatureRecord
    /// The network will listen to the wave beside the log-mel.
    package var usesWave: Bool
    package var clips: [ShardClip]

    package init(feature: FeatureRecord, usesWave: Bool, clips: [ShardClip]) {
        self.feature = feature
        self.usesWave = usesWave
        self.clips = clips
    }

    /// What became of the shard's clips, in their order.
    package struct Output: Hashable, Sendable {
        /// How long a clip is.
        package struct Extent: Hashable, Sendable {
            /// At the feature's rate; 0 for a log-mel clip.
            package var samples: Int
            package var frames: Int

            package init(samples: Int, frames: Int) {
                self.samples = samples
                self.frames = frames
            }
        }

        package var clips: [ClipOutcome<Extent>]

        package init(clips: [ClipOutcome<Extent>]) { self.clips = clips }
    }
}

extension SurveyShard {
    package func encoded() -> [UInt8] {
        encode(
            WireSurveyShard.with {
                $0.feature = feature.message
                $0.wave = usesWave
                $0.clips = clips.map(\.message)
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireSurveyShard.self, from: bytes)
        feature = FeatureRecord(message.feature)
        usesWave = message.wave
        clips = try message.clips.map(ShardClip.init)
    }
}

extension SurveyShard.Output {
    package func encoded() -> [UInt8] {
        encode(
            WireSurveyShardOutput.with {
                $0.clips = clips.map { outcome in
                    .with {
                        switch outcome {
                        case .done(let extent):
                            $0.samples = UInt32(clamping: extent.samples)
                            $0.frames = UInt32(clamping: extent.frames)
                        case .unusable(let reason): $0.failure = reason
                        }
                    }
                }
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        clips = try decode(WireSurveyShardOutput.self, from: bytes).clips.map { clip in
            clip.failure.isEmpty
                ? .done(Extent(samples: Int(clip.samples), frames: Int(clip.frames))) : .unusable(reason: clip.failure)
        }
    }
}
