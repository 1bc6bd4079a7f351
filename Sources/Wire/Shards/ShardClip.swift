package import Plant
internal import SwiftProtobuf

/// A clip that a shard works on; its bytes are fetched by their hash.
package struct ShardClip: Hashable, Sendable {
    package var machine: MachineName
    package var sha256: ContentHash
    /// What errors call the clip.
    package var name: String
    package var format: ClipRecord.Format
    /// Which channel of a recording with several is this machine's, from 0.
    package var channel: Int

    package init(machine: MachineName, sha256: ContentHash, name: String, format: ClipRecord.Format, channel: Int) {
        self.machine = machine
        self.sha256 = sha256
        self.name = name
        self.format = format
        self.channel = channel
    }
}

extension ShardClip {
    init(_ message: WireShardClip) throws(WireError) {
        guard let machine = MachineName(type: message.machine.type, id: message.machine.id) else {
            throw WireError(.badBody, "the clip \"\(message.name)\" names no machine")
        }
        guard let hash = ContentHash(bytes: message.sha256) else {
            throw WireError(
                .badBody,
                "the hash of the clip \"\(message.name)\" has \(message.sha256.count) bytes, not 32")
        }
        let format: ClipRecord.Format
        switch message.format {
        case .audio: format = .audio
        case .logMel: format = .logMel
        default: throw WireError(.badBody, "the clip \"\(message.name)\" has no known format")
        }
        self.init(
            machine: machine, sha256: hash, name: message.name, format: format, channel: Int(message.channel))
    }

    var message: WireShardClip {
        .with {
            $0.machine.type = machine.type
            $0.machine.id = machine.id
            $0.sha256 = .init(wire: sha256.bytes)
            $0.name = name
            $0.format = format == .audio ? .audio : .logMel
            $0.channel = UInt32(clamping: channel)
        }
    }
}

extension FeatureRecord {
    init(_ message: WireLogMelParameters) {
        self.init(
            sampleRateHz: Int(message.sampleRateHz), fftLength: Int(message.fftLength),
            hopLength: Int(message.hopLength), melBands: Int(message.melBands), reflectPadding: message.reflectPadding)
    }

    package var message: WireLogMelParameters {
        .with {
            $0.sampleRateHz = UInt32(clamping: sampleRateHz)
            $0.fftLength = UInt32(clamping: fftLength)
            $0.hopLength = UInt32(clamping: hopLength)
            $0.melBands = UInt32(clamping: melBands)
            $0.reflectPadding = reflectPadding
        }
    }
}
