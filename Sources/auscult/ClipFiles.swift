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

    /// Throws when a path does not exist, or nothing below it is a clip.
    init(_ paths: [String]) throws {
        var files: [File] = []
        for path in paths {
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
                throw CommandFailure("\(path): there is no such file or folder")
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
        guard !files.isEmpty else {
            throw CommandFailure("no .wav, .flac or .npy file in \(paths.joined(separator: ", "))")
        }
        self.files = files
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
