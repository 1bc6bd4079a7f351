package import Plant
internal import SwiftProtobuf

/// A shard of kind "score": clips to be scored by one model, for an evaluation.
package struct ScoreShard: Hashable, Sendable {
    package static let kind = "score"

    /// Of the model's file.
    package var model: ContentHash
    /// Of log-mel clips; nil where all clips are audio.
    package var feature: FeatureRecord?
    package var clips: [ShardClip]

    package init(model: ContentHash, feature: FeatureRecord?, clips: [ShardClip]) {
        self.model = model
        self.feature = feature
        self.clips = clips
    }

    /// What became of the shard's clips, in their order.
    package struct Output: Hashable, Sendable {
        package struct Score: Hashable, Sendable {
            package var score: Double
            package var logOdds: Double?
            package var crossEntropy: Double?
            package var neighbourDistance: Double?
            package var threshold: Double?
            /// The verdict.
            package var isAnomalous: Bool

            package init(
                score: Double, logOdds: Double?, crossEntropy: Double?, neighbourDistance: Double?, threshold: Double?,
                isAnomalous: Bool
            ) {
                self.score = score
                self.logOdds = logOdds
                self.crossEntropy = crossEntropy
                self.neighbourDistance = neighbourDistance
                self.threshold = threshold
                self.isAnomalous = isAnomalous
            }
        }

        package var clips: [ClipOutcome<Score>]

        package init(clips: [ClipOutcome<Score>]) { self.clips = clips }
    }
}

extension ScoreShard {
    package func encoded() -> [UInt8] {
        encode(
            WireScoreShard.with {
                $0.modelSha256 = .init(wire: model.bytes)
                if let feature { $0.feature = feature.message }
                $0.clips = clips.map(\.message)
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireScoreShard.self, from: bytes)
        guard let model = ContentHash(bytes: message.modelSha256) else {
            throw WireError(.badBody, "the hash of the model has \(message.modelSha256.count) bytes, not 32")
        }
        self.model = model
        feature = message.hasFeature ? FeatureRecord(message.feature) : nil
        clips = try message.clips.map(ShardClip.init)
    }
}

extension ScoreShard.Output {
    package func encoded() -> [UInt8] {
        encode(
            WireScoreShardOutput.with {
                $0.clips = clips.map { outcome in
                    switch outcome {
                    case .done(let score): score.message
                    case .unusable(let reason): .with { $0.failure = reason }
                    }
                }
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        clips = try decode(WireScoreShardOutput.self, from: bytes).clips.map { clip in
            clip.failure.isEmpty ? .done(Score(clip)) : .unusable(reason: clip.failure)
        }
    }
}

extension ScoreShard.Output.Score {
    fileprivate init(_ message: WireScoredClip) {
        self.init(
            score: message.score, logOdds: message.hasLogOdds ? message.logOdds : nil,
            crossEntropy: message.hasCrossEntropy ? message.crossEntropy : nil,
            neighbourDistance: message.hasNeighbourDistance ? message.neighbourDistance : nil,
            threshold: message.hasThreshold ? message.threshold : nil, isAnomalous: message.anomalous)
    }

    fileprivate var message: WireScoredClip {
        .with {
            $0.score = score
            if let logOdds { $0.logOdds = logOdds }
            if let crossEntropy { $0.crossEntropy = crossEntropy }
            if let neighbourDistance { $0.neighbourDistance = neighbourDistance }
            if let threshold { $0.threshold = threshold }
            $0.anomalous = isAnomalous
        }
    }
}
