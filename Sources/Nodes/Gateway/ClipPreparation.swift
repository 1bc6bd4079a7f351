internal import Datasets
internal import Plant
package import Training
package import Wire

/// Makes clips of files: names the machine, and checks that the sound can be scored before it travels.
package struct ClipPreparation: Sendable {
    /// `TYPE/ID`; or `TYPE` where the file names say the ID, as in `normal_id_00_00000012.wav`.
    package var machine: String
    package var site: String
    /// The channel of recordings with several, from 0.
    package var channel: Int
    /// Made of machine, channel, time and content where nil.
    package var key: String?
    /// Microseconds since 1970-01-01T00:00:00Z; when the file was last changed where nil.
    package var recordedAt: Int64?

    package init(machine: String, site: String, channel: Int = 0, key: String? = nil, recordedAt: Int64? = nil) {
        self.machine = machine
        self.site = site
        self.channel = channel
        self.key = key
        self.recordedAt = recordedAt
    }

    /// What is wrong with a text after `--machine`; nil when it is `TYPE/ID` or `TYPE`.
    package static func flaw(ofMachine text: String) -> String? {
        let name = text.contains("/") ? MachineName(text) : MachineName(type: text, id: "id")
        return name == nil ? "\"\(text)\" is not a machine; write TYPE/ID, e.g. fan/id_00" : nil
    }

    /// Reads one file and checks it; throws what is wrong with it, its path included.
    package func clip(of file: ClipFile, _ decoder: inout ClipDecoder) throws(WireError) -> OutgoingClip {
        let bytes: [UInt8]
        do throws(FileTrouble) {
            bytes = try ForeignFile(file.path, followingLinks: true).bytes()
        } catch {
            throw WireError(FileTrouble(error.code, file.origin, error.reason))
        }
        return try clip(of: file, bytes, &decoder)
    }

    /// Checks the bytes of a file; throws what is wrong with them.
    func clip(of file: ClipFile, _ bytes: [UInt8], _ decoder: inout ClipDecoder) throws(WireError) -> OutgoingClip {
        let name = file.origin.description
        if bytes.isEmpty { throw WireError(.empty, "\(name): is empty; record it again") }
        let machine = try machineName(of: file.origin)
        _ = try decoder.decode(bytes, format: file.format, name: name, channel: channel, feature: file.feature)
        return OutgoingClip(
            file, machine: machine, site: site, key: key, recordedAt: recordedAt ?? changedAt(file), bytes: bytes,
            channel: channel)
    }

    /// A file's own time may be any; the clip is not to blame for it.
    private func changedAt(_ file: ClipFile) -> Int64 {
        let times = ClipRecord.recordingTimes
        return min(max(file.changedAt, times.lowerBound), times.upperBound - 1)
    }

    private func machineName(of path: FilePath) throws(WireError) -> MachineName {
        if let name = MachineName(machine) { return name }
        guard let id = ClipLabel(path)?.machineID, let name = MachineName(type: machine, id: id) else {
            throw WireError(
                .unknownMachine, "\(path): its name does not say the machine's ID; give --machine \(machine)/ID")
        }
        return name
    }
}

extension WireError {
    /// A clip's file that cannot be read.
    init(_ error: FileTrouble) {
        self.init(error.code == .tooLarge ? .tooLong : .empty, error.description)
    }
}
