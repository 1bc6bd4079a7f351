internal import Datasets
internal import FoundationEssentials
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
    /// Made of machine and content where nil.
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
    package func clip(
        of file: ClipFile, _ decoder: inout ClipDecoder
    ) throws(WireError) -> (clip: OutgoingClip, bytes: [UInt8]) {
        let bytes: [UInt8]
        do {
            bytes = try [UInt8](Data(contentsOf: URL(filePath: file.path)))
        } catch {
            throw WireError(.empty, "\(file.path): cannot be read; check that it exists and is yours to read")
        }
        if bytes.isEmpty { throw WireError(.empty, "\(file.path): is empty; record it again") }
        let machine = try machineName(of: file.path)
        _ = try decoder.decode(bytes, format: file.format, name: file.path, channel: channel, feature: file.feature)
        let clip = OutgoingClip(
            path: file.path, machine: machine, site: site, key: key, recordedAt: recordedAt ?? file.changedAt,
            bytes: bytes, format: file.format, channel: channel, feature: file.feature)
        return (clip, bytes)
    }

    private func machineName(of path: String) throws(WireError) -> MachineName {
        if let name = MachineName(machine) { return name }
        guard let id = DCASEName(path)?.machineID, let name = MachineName(type: machine, id: id) else {
            throw WireError(
                .unknownMachine, "\(path): its name does not say the machine's ID; give --machine \(machine)/ID")
        }
        return name
    }
}
