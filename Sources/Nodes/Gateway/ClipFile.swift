internal import Datasets
internal import FoundationEssentials
package import Plant

/// A file that looks like a clip: .wav, .flac, or .npy for a log-mel.
package struct ClipFile: Hashable, Sendable {
    package let path: String
    package let format: ClipRecord.Format
    /// Of log-mel clips: what `dataset.json` beside or above them says.
    package let feature: FeatureRecord?
    /// Microseconds since 1970-01-01T00:00:00Z.
    package let changedAt: Int64

    /// Throws when the file is not there, or the `dataset.json` of a log-mel cannot be read.
    package init(_ path: String, format: ClipRecord.Format) throws {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        let changed = attributes[.modificationDate] as? Date ?? Date()
        self.path = path
        self.format = format
        feature = format == .logMel ? try Self.feature(of: path) : nil
        changedAt = Int64(changed.timeIntervalSince1970 * 1e6)
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
