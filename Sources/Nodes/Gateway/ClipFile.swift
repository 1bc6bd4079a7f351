package import Datasets
package import Plant

/// A file that looks like a clip: .wav, .flac, or .npy for a log-mel.
package struct ClipFile: Hashable, Sendable {
    /// Where its bytes are.
    package let path: FilePath
    /// What people call it: where it was found.
    package let origin: FilePath
    package let format: ClipRecord.Format
    /// Of log-mel clips: what `dataset.json` beside or above the origin says.
    package let feature: FeatureRecord?
    /// Microseconds since 1970-01-01T00:00:00Z.
    package let changedAt: Int64

    /// Throws when the `dataset.json` of a log-mel cannot be read.
    ///
    /// - Parameter origin: the path itself where nil.
    package init(
        _ path: FilePath, origin: FilePath? = nil, format: ClipRecord.Format, changedAt: Int64
    ) throws(DatasetError) {
        self.path = path
        self.origin = origin ?? path
        self.format = format
        feature = format == .logMel ? try Self.feature(above: self.origin) : nil
        self.changedAt = changedAt
    }

    private static func feature(above path: FilePath) throws(DatasetError) -> FeatureRecord? {
        for folder in path.parents {
            if let feature = try DatasetManifest.feature(inFolder: folder) { return feature }
        }
        return nil
    }
}
