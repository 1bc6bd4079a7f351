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

    package init(architecture: [String: String], feature: FeatureRecord, weights: ContentHash) {
        self.architecture = architecture
        self.feature = feature
        self.weights = weights
    }
}

extension NetworkTask {
    init(_ message: WireNetworkTask) throws(WireError) {
        architecture = settings(message.architecture)
        feature = FeatureRecord(message.feature)
        weights = try contentHash(message.weightsSha256, of: "the weights")
    }

    var message: WireNetworkTask {
        .with {
            $0.architecture = settings(architecture)
            $0.feature = feature.message
            $0.weightsSha256 = .init(wire: weights.bytes)
        }
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
