internal import FoundationEssentials
package import Plant
internal import SwiftProtobuf
internal import Wire

/// A clip on its way to the broker: all but its bytes, which stay in its file until they are sent.
package struct OutgoingClip: Hashable, Sendable {
    /// Where its bytes are.
    package var path: String
    /// What a person calls it: the name of the file it came in.
    package var name: String
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

    init(
        path: String, name: String, machine: MachineName, site: String, key: String, recordedAt: Int64,
        sha256: ContentHash, byteCount: Int, format: ClipRecord.Format, channel: Int, feature: FeatureRecord?
    ) {
        (self.path, self.name, self.machine, self.site, self.key) = (path, name, machine, site, key)
        (self.recordedAt, self.sha256, self.byteCount) = (recordedAt, sha256, byteCount)
        (self.format, self.channel, self.feature) = (format, channel, feature)
    }

    /// Describes the bytes of a file.
    ///
    /// - Parameter key: made of machine and content where nil.
    package init(
        path: String, machine: MachineName, site: String, key: String?, recordedAt: Int64, bytes: [UInt8],
        format: ClipRecord.Format, channel: Int, feature: FeatureRecord?
    ) {
        let sha256 = ContentHash(of: bytes)
        self.init(
            path: path, name: path.split(separator: "/").last.map(String.init) ?? path, machine: machine, site: site,
            key: key ?? "\(machine):\(channel):\(sha256)", recordedAt: recordedAt, sha256: sha256,
            byteCount: bytes.count, format: format, channel: channel, feature: feature)
    }

    /// The clip's file, as it is now; throws when it is gone or another one.
    func bytes() throws(WireError) -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw WireError(.empty, "\(path): the file has vanished or cannot be read any more")
        }
        guard bytes.count == byteCount, ContentHash(of: bytes) == sha256 else {
            throw WireError(.wrongSHA256, "\(path): the file has changed since it was checked; push it again")
        }
        return bytes
    }

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
            $0.name = name
            $0.channel = UInt32(channel)
            if let feature { $0.feature = feature.message }
            $0.follow = follow
        }
    }
}
