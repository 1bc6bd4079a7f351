/// Why a dataset's folder, or one file of it, cannot be used.
package struct DatasetError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The folder does not exist or cannot be read.
        case unreadableFolder
        /// `dataset.json` is damaged or lacks what log-mel clips need.
        case badManifest
        /// The folder holds no clip.
        case noClips
        /// The file's name does not say which machine it is, or whether it was healthy.
        case badName
        /// An anomalous clip lies among the training clips.
        case anomalyInTraining
        /// The same bytes are called normal and anomalous.
        case contradictedLabel
        /// The file cannot be read.
        case unreadableFile
        /// The file is not a usable clip.
        case unusableClip
        /// A file cannot be written.
        case unwritable
    }

    package let code: Code
    package let path: String
    /// What is wrong and what to do about it.
    package let reason: String

    package init(_ code: Code, path: String, _ reason: String) {
        self.code = code
        self.path = path
        self.reason = reason
    }

    package var description: String { "\(path): \(reason)" }
}
