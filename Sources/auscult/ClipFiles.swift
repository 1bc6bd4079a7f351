import Datasets
import FoundationEssentials
import Plant

/// The clips a person named: files, and everything that looks like a clip below folders.
struct ClipFiles {
    struct File {
        let path: String
        let format: ClipRecord.Format
        /// Of log-mel clips: what `dataset.json` beside or above them says.
        let feature: FeatureRecord?
        /// Microseconds since 1970-01-01T00:00:00Z.
        let changedAt: Int64
    }

    let files: [File]
    /// Named paths that do not exist, in the order of their naming.
    let missing: [String]

    /// Throws when there is nothing at all at the paths.
    init(_ paths: [String]) throws {
        var files: [File] = []
        var missing: [String] = []
        for path in paths {
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
                missing.append(path)
                continue
            }
            guard isDirectory else {
                files.append(try Self.file(path, ClipRecord.Format(fileName: path) ?? .audio))
                continue
            }
            for name in try FileManager.default.subpathsOfDirectory(atPath: path).sorted() {
                guard let format = ClipRecord.Format(fileName: name) else { continue }
                files.append(try Self.file("\(path)/\(name)", format))
            }
        }
        guard !files.isEmpty || !missing.isEmpty else {
            throw CommandFailure("no .wav, .flac or .npy file in \(paths.joined(separator: ", "))")
        }
        self.files = files
        self.missing = missing
    }

    /// Why a missing path is no clip.
    static func missingReason(_ path: String) -> String { "\(path): there is no such file or folder" }

    /// The whole file at a path.
    static func bytes(of path: String) throws(CommandFailure) -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw CommandFailure("\(path): cannot be read; check that the file exists and is yours to read")
        }
    }

    private static func file(_ path: String, _ format: ClipRecord.Format) throws -> File {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        let changed = attributes[.modificationDate] as? Date ?? Date()
        return File(
            path: path, format: format, feature: format == .logMel ? try feature(of: path) : nil,
            changedAt: Int64(changed.timeIntervalSince1970 * 1e6))
    }

    private static func feature(of path: String) throws -> FeatureRecord? {
        var folder = URL(filePath: path).standardizedFileURL.deletingLastPathComponent()
        while true {
            if let feature = try DatasetManifest.feature(inFolder: folder.path) { return feature }
            if folder.path == "/" { return nil }
            folder.deleteLastPathComponent()
        }
    }
}
