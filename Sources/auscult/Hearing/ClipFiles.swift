import Datasets
import FoundationEssentials
import Nodes
import Plant

/// The clips a person named: files, and everything that looks like a clip below folders.
struct ClipFiles {
    let files: [ClipFile]
    /// Named paths that do not exist, in the order of their naming.
    let missing: [String]

    /// Throws when there is nothing at all at the paths.
    init(_ paths: [String]) throws {
        var files: [ClipFile] = []
        var missing: [String] = []
        for path in paths {
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
                missing.append(path)
                continue
            }
            guard isDirectory else {
                files.append(try ClipFile(path, format: ClipRecord.Format(fileName: path) ?? .audio))
                continue
            }
            for name in try FileManager.default.subpathsOfDirectory(atPath: path).sorted() {
                guard let format = ClipRecord.Format(fileName: name) else { continue }
                files.append(try ClipFile("\(path)/\(name)", format: format))
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
}
