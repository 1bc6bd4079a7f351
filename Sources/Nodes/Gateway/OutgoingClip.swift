package import Datasets
internal import FoundationEssentials
package import Plant
internal import SwiftProtobuf
package import Wire

/// A clip on its way to the broker: all but its bytes, which stay in its file until they are sent.
package struct OutgoingClip: Hashable, Sendable {
    /// Where its bytes are.
    package var path: FilePath
    /// Where it was found.
    package var source: FilePath
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
        path: FilePath, source: FilePath, name: String, machine: MachineName, site: String, key: String,
        recordedAt: Int64,
        sha256: ContentHash, byteCount: Int, format: ClipRecord.Format, channel: Int, feature: FeatureRecord?
    ) {
        (self.path, self.source, self.name) = (path, source, name)
        (self.machine, self.site, self.key) = (machine, site, key)
        (self.recordedAt, self.sha256, self.byteCount) = (recordedAt, sha256, byteCount)
        (self.format, self.channel, self.feature) = (format, channel, feature)
    }

    /// Describes the bytes of a file.
    ///
    /// - Parameter key: made of machine, channel, time and content where nil: the same bytes at another time are
    ///   another recording.
    package init(
        _ file: ClipFile, machine: MachineName, site: String, key: String?, recordedAt: Int64, bytes: [UInt8],
        channel: Int
    ) {
        let sha256 = ContentHash(of: bytes)
        self.init(
            path: file.path, source: file.origin, name: Self.name(of: file.origin), machine: machine, site: site,
            key: key ?? "\(machine):\(channel):\(recordedAt):\(sha256)", recordedAt: recordedAt, sha256: sha256,
            byteCount: bytes.count, format: file.format, channel: channel, feature: file.feature)
    }

    /// What a file is called, as far as a clip's name may be long.
    private static func name(of path: FilePath) -> String {
        var name = path.name.description[...]
        while name.utf8.count > MessageLimits.nameBytes { name = name.dropFirst() }
        return String(name)
    }

    /// The clip's file, as it is now; throws when it is gone or another one.
    package func bytes() throws(WireError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(FileTrouble) {
            bytes = try ForeignFile(path, followingLinks: true).bytes()
        } catch {
            throw WireError(.empty, error.description)
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
