package import Plant
internal import SwiftProtobuf

/// Which network computes a shard, and of what.
package struct NetworkTask: Hashable, Sendable {
    /// The architecture, as the settings of a model file.
    package var architecture: [String: String]
    /// Of log-mel clips, and to be computed of audio.
    package var feature: FeatureRecord
    /// Of the flat weights, by which they are fetched.
    package var weights: ContentHash
    /// How much is heard of a clip, where the network hears crops of it; nil where it hears all of that.
    package var clipExtent: SurveyShard.Output.Extent?

    package init(
        architecture: [String: String], feature: FeatureRecord, weights: ContentHash,
        clipExtent: SurveyShard.Output.Extent? = nil
    ) {
        self.architecture = architecture
        self.feature = feature
        self.weights = weights
        self.clipExtent = clipExtent
    }
}

extension NetworkTask {
    init(_ message: WireNetworkTask) throws(WireError) {
        architecture = settings(message.architecture)
        feature = FeatureRecord(message.feature)
        weights = try contentHash(message.weightsSha256, of: "the weights")
        clipExtent = .init(samples: message.clipSamples, frames: message.clipFrames)
    }

    var message: WireNetworkTask {
        .with {
            $0.architecture = settings(architecture)
            $0.feature = feature.message
            $0.weightsSha256 = .init(wire: weights.bytes)
            $0.clipSamples = UInt32(clamping: clipExtent?.samples ?? 0)
            $0.clipFrames = UInt32(clamping: clipExtent?.frames ?? 0)
        }
    }
}

extension SurveyShard.Output.Extent {
    /// Nil where no frames are stated.
    init?(samples: UInt32, frames: UInt32) {
        guard frames > 0 else { return nil }
        self.init(samples: Int(samples), frames: Int(frames))
    }
}

func settings(_ messages: [WireNetworkSetting]) -> [String: String] {
    Dictionary(messages.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
}

/// Equal settings make equal messages: they are in order of name.
func settings(_ settings: [String: String]) -> [WireNetworkSetting] {
    settings.sorted { $0.key < $1.key }.map { name, value in
        .with {
            $0.name = name
            $0.value = value
        }
    }
}

/// A hash in a message; errors call it by what it is of.
func contentHash(_ bytes: some Collection<UInt8>, of subject: String) throws(WireError) -> ContentHash {
    guard let hash = ContentHash(bytes: bytes) else {
        throw WireError(.badBody, "the hash of \(subject) has \(bytes.count) bytes, not 32")
    }
    return hash
}
