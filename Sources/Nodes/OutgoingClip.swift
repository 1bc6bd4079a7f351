internal import FoundationEssentials
package import Plant
internal import SwiftProtobuf
internal import Wire

/// A clip on its way to the broker: all but its bytes, which stay in its file until they are sent.
package struct OutgoingClip: Hashable, Sendable {
    package var path: String
    package var machine: MachineName
    package var site: String
    /// The same for the same clip: sending it twice makes one job.
    package var key: String
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var recordedAt: Int64
    package var sha256: ContentHash
    package var byteCount: Int
    package var format: ClipRecord.Format
    /// Which channel of a recording with several is the machine's, from 0.
    package var channel: Int
    /// How a log-mel clip was computed.
    package var feature: FeatureRecord?

    /// - Parameter key: made of machine and content where nil.
    package init(
        path: String, machine: MachineName, site: String, key: String?, recordedAt: Int64, bytes: [UInt8],
        format: ClipRecord.Format, channel: Int, feature: FeatureRecord?
    ) {
        self.path = path
        self.machine = machine
        self.site = site
        self.recordedAt = recordedAt
        sha256 = ContentHash(of: bytes)
        byteCount = bytes.count
        self.format = format
        self.channel = channel
        self.feature = feature
        self.key = key ?? "\(machine):\(channel):\(sha256)"
    }

    /// The clip's file, as it is now.
    func bytes() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

    func submission(follow: Bool) -> WireSubmit {
        .with {
            $0.key = key
            $0.site = site
            $0.machine = .with {
                $0.type = machine.type
                $0.id = machine.id
            }
            $0.recordedAt = recordedAt
            $0.sha256 = Data(sha256.bytes)
            $0.format = format == .logMel ? .logMel : .audio
            $0.length = UInt64(byteCount)
            $0.name = path.split(separator: "/").last.map(String.init) ?? path
            $0.channel = UInt32(channel)
            if let feature { $0.feature = feature.message }
            $0.follow = follow
        }
    }
}
