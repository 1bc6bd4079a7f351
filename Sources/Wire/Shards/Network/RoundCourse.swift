package import Plant
internal import SwiftProtobuf

/// What all rounds of a training have in common; workers fetch it by its hash, once.
package struct RoundCourse: Hashable, Sendable {
    /// How weights follow a gradient.
    package struct AdamW: Hashable, Sendable {
        package var firstDecay: Double
        package var secondDecay: Double
        package var epsilon: Double
        package var weightDecay: Double

        package init(firstDecay: Double, secondDecay: Double, epsilon: Double, weightDecay: Double) {
            self.firstDecay = firstDecay
            self.secondDecay = secondDecay
            self.epsilon = epsilon
            self.weightDecay = weightDecay
        }
    }

    /// The architecture, as the settings of a model file.
    package var architecture: [String: String]
    /// Of log-mel clips, and to be computed of audio.
    package var feature: FeatureRecord
    /// That are trained on, in fixed order.
    package var clips: [ShardClip]
    /// The class of each clip.
    package var labels: [Int]
    /// Clips per step of a replica.
    package var batch: Int
    /// Clips that share the moments of the backbone's batch norms.
    package var shard: Int
    package var seed: UInt64
    package var mixes: Bool
    package var isBalanced: Bool
    /// Over which the learning rate falls.
    package var steps: Int
    /// At the first step.
    package var learningRate: Double
    /// Nil for plain gradient descent.
    package var adamW: AdamW?
    package var replicas: Int
    /// Each replica keeps to clips of its own.
    package var isDivided: Bool
    /// As in `NetworkTask`.
    package var clipExtent: SurveyShard.Output.Extent?

    package init(
        architecture: [String: String], feature: FeatureRecord, clips: [ShardClip], labels: [Int], batch: Int,
        shard: Int, seed: UInt64, mixes: Bool, isBalanced: Bool, steps: Int, learningRate: Double, adamW: AdamW?,
        replicas: Int, isDivided: Bool, clipExtent: SurveyShard.Output.Extent? = nil
    ) {
        self.architecture = architecture
        self.feature = feature
        self.clips = clips
        self.labels = labels
        self.batch = batch
        self.shard = shard
        self.seed = seed
        self.mixes = mixes
        self.isBalanced = isBalanced
        self.steps = steps
        self.learningRate = learningRate
        self.adamW = adamW
        self.replicas = replicas
        self.isDivided = isDivided
        self.clipExtent = clipExtent
    }
}

extension RoundCourse {
    package func encoded() -> [UInt8] {
        encode(
            WireRoundCourse.with {
                $0.architecture = settings(architecture)
                $0.feature = feature.message
                $0.clips = clips.map(\.message)
                $0.labels = labels.map { UInt32(clamping: $0) }
                $0.batch = UInt32(clamping: batch)
                $0.shard = UInt32(clamping: shard)
                $0.seed = seed
                $0.mixes = mixes
                $0.balanced = isBalanced
                $0.steps = UInt32(clamping: steps)
                $0.learningRate = learningRate
                if let adamW { $0.adamW = adamW.message }
                $0.replicas = UInt32(clamping: replicas)
                $0.divided = isDivided
                $0.clipSamples = UInt32(clamping: clipExtent?.samples ?? 0)
                $0.clipFrames = UInt32(clamping: clipExtent?.frames ?? 0)
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireRoundCourse.self, from: bytes)
        self.init(
            architecture: settings(message.architecture), feature: FeatureRecord(message.feature),
            clips: try message.clips.map(ShardClip.init), labels: message.labels.map { Int($0) },
            batch: Int(message.batch), shard: Int(message.shard), seed: message.seed, mixes: message.mixes,
            isBalanced: message.balanced, steps: Int(message.steps), learningRate: message.learningRate,
            adamW: message.hasAdamW ? AdamW(message.adamW) : nil, replicas: Int(message.replicas),
            isDivided: message.divided,
            clipExtent: .init(samples: message.clipSamples, frames: message.clipFrames))
        guard labels.count == clips.count, clips.count >= replicas, replicas > 0 else {
            throw WireError(.badBody, "\(labels.count) labels of \(clips.count) clips for \(replicas) replicas")
        }
        guard (1...65_536).contains(batch), (1...batch).contains(shard), steps > 0 else {
            throw WireError(.badBody, "batches of \(batch) clips in shards of \(shard), \(steps) steps")
        }
    }
}

extension RoundCourse.AdamW {
    fileprivate init(_ message: WireAdamW) {
        self.init(
            firstDecay: message.firstDecay, secondDecay: message.secondDecay, epsilon: message.epsilon,
            weightDecay: message.weightDecay)
    }

    fileprivate var message: WireAdamW {
        .with {
            $0.firstDecay = firstDecay
            $0.secondDecay = secondDecay
            $0.epsilon = epsilon
            $0.weightDecay = weightDecay
        }
    }
}
