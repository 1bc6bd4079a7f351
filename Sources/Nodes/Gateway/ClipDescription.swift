internal import Datasets
internal import FoundationEssentials
internal import Plant

/// What the outbox's `NUMBER.json` says of a clip.
struct ClipDescription: Codable {
    let source: String
    let name: String
    let machine: String
    let site: String
    let key: String
    let recordedAtMicroseconds: Int64
    let sha256: String
    let byteCount: Int
    let format: String
    let channel: Int
    let feature: Feature?

    struct Feature: Codable {
        let sampleRateHz: Int
        let fftLength: Int
        let hopLength: Int
        let melBands: Int
        let reflectPadding: Bool
    }

    init(_ clip: OutgoingClip) {
        source = clip.source.text
        name = clip.name
        machine = clip.machine.description
        site = clip.site
        key = clip.key
        recordedAtMicroseconds = clip.recordedAt
        sha256 = clip.sha256.description
        byteCount = clip.byteCount
        format = clip.format.rawValue
        channel = clip.channel
        feature = clip.feature.map {
            Feature(
                sampleRateHz: $0.sampleRateHz, fftLength: $0.fftLength, hopLength: $0.hopLength, melBands: $0.melBands,
                reflectPadding: $0.reflectPadding)
        }
    }

    /// The description with a hash that proves it.
    private struct Sealed: Codable {
        let clip: ClipDescription
        let sha256: String
    }

    func sealed() throws -> [UInt8] {
        [UInt8](try Self.encoder.encode(Sealed(clip: self, sha256: try proof().description)))
    }

    /// Nil when the bytes are not those that were written.
    init?(sealed bytes: [UInt8]) {
        guard let sealed = try? JSONDecoder().decode(Sealed.self, from: Data(bytes)),
            let proof = try? sealed.clip.proof(), proof.description == sealed.sha256
        else { return nil }
        self = sealed.clip
    }

    /// Of the description as it is written anew, whatever its file looks like.
    private func proof() throws -> ContentHash { ContentHash(of: [UInt8](try Self.encoder.encode(self))) }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    /// Nil when a value is none of ours.
    func clip(at path: FilePath) -> OutgoingClip? {
        guard let machine = MachineName(machine), let sha256 = ContentHash(hexadecimal: sha256),
            let format = ClipRecord.Format(rawValue: format)
        else { return nil }
        return OutgoingClip(
            path: path, source: FilePath(source), name: name, machine: machine, site: site, key: key,
            recordedAt: recordedAtMicroseconds,
            sha256: sha256, byteCount: byteCount, format: format, channel: channel,
            feature: feature.map {
                FeatureRecord(
                    sampleRateHz: $0.sampleRateHz, fftLength: $0.fftLength, hopLength: $0.hopLength,
                    melBands: $0.melBands, reflectPadding: $0.reflectPadding)
            })
    }
}
