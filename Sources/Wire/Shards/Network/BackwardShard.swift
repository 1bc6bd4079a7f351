package import Plant
internal import SwiftProtobuf

/// A shard of kind "os-scl.backward": a forward shard back from the gradient of its features.
package struct BackwardShard: Hashable, Sendable {
    package static let kind = "os-scl.backward"

    /// The encoded `ForwardShard`; whoever still has its activations need not repeat it.
    package var forward: [UInt8]
    /// Of the features' bytes, which a repetition must reproduce.
    package var featuresHash: ContentHash
    /// **Shape** [clips][trunkChannels].
    package var featureGradient: [Float]

    package init(forward: [UInt8], featuresHash: ContentHash, featureGradient: [Float]) {
        self.forward = forward
        self.featuresHash = featuresHash
        self.featureGradient = featureGradient
    }

    package struct Output: Hashable, Sendable {
        /// Of everything that is trained, summed over the shard's clips.
        package var gradient: [Float]
        /// As in `ForwardShard.Output`.
        package var statistics: [Float]
        /// Of the gradient.
        package var norm: Double
        package var isFinite: Bool

        package init(gradient: [Float], statistics: [Float], norm: Double, isFinite: Bool) {
            self.gradient = gradient
            self.statistics = statistics
            self.norm = norm
            self.isFinite = isFinite
        }
    }
}

extension BackwardShard {
    package func encoded() -> [UInt8] {
        encode(
            WireBackwardShard.with {
                $0.forward = .init(wire: forward)
                $0.featuresSha256 = .init(wire: featuresHash.bytes)
                $0.featureGradient = .init(wire: featureGradient)
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireBackwardShard.self, from: bytes)
        forward = [UInt8](message.forward)
        featuresHash = try contentHash(message.featuresSha256, of: "the features")
        featureGradient = try numbers(message.featureGradient, of: "the gradient of the features")
    }
}

extension BackwardShard.Output {
    package func encoded() -> [UInt8] {
        encode(
            WireBackwardShardOutput.with {
                $0.gradient = .init(wire: gradient)
                $0.statistics = .init(wire: statistics)
                $0.norm = norm
                $0.finite = isFinite
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireBackwardShardOutput.self, from: bytes)
        gradient = try numbers(message.gradient, of: "the gradient")
        statistics = try numbers(message.statistics, of: "statistics")
        norm = message.norm
        isFinite = message.finite
    }
}
