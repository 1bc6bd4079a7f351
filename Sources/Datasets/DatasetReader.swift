internal import Audio
package import Plant
internal import Spectra

/// Reads the clips of a folder and makes sure that each can be used. Each thread has its own.
package struct DatasetReader {
    private let folder: DatasetFolder
    private var audio = ClipReader()

    package init(_ folder: DatasetFolder) {
        self.folder = folder
    }

    /// Reads one clip and decodes it to its end.
    ///
    /// - Parameter channel: which microphone of recordings with several, from 0.
    /// - Returns: what the dataset remembers of the clip, and its bytes.
    ///
    /// Throws `.unreadableFile`, or `.unusableClip` for a damaged file, a sensor fault or a foreign log-mel.
    package mutating func read(
        _ entry: DatasetFolder.Entry, channel: Int = 0
    ) throws(DatasetError) -> (clip: DatasetClip, bytes: [UInt8]) {
        let bytes: [UInt8]
        do throws(FileTrouble) {
            bytes = try ForeignFile(entry.file, followingLinks: true).bytes()
        } catch {
            throw DatasetError(.unreadableFile, path: entry.path, error.reason)
        }
        switch entry.format {
        case .audio:
            do throws(AudioError) {
                try audio.read(bytes, name: entry.path, channel: channel).requireScorable(sampleCount: 0)
            } catch {
                throw DatasetError(.unusableClip, sentence: error.description, path: entry.path)
            }
        case .logMel:
            try check(logMel: bytes, path: entry.path)
        }
        let clip = DatasetClip(
            machine: entry.machine, split: entry.split, isAnomaly: entry.isAnomaly, format: entry.format,
            path: entry.path, sha256: ContentHash(of: bytes), channel: channel,
            domain: entry.domain, attributes: entry.attributes)
        return (clip, bytes)
    }

    private func check(logMel bytes: [UInt8], path: String) throws(DatasetError) {
        guard let feature = folder.feature else {
            throw DatasetError(
                .unusableClip, path: path,
                "is a log-mel, and the folder has no dataset.json that says how it was computed")
        }
        let logMel: LogMel
        do throws(SpectraError) {
            logMel = try NumPyArray.read(bytes, name: path)
        } catch {
            throw DatasetError(.unusableClip, sentence: error.description, path: path)
        }
        guard logMel.melBands == feature.melBands else {
            throw DatasetError(
                .unusableClip, path: path,
                "has \(logMel.melBands) rows and dataset.json says \(feature.melBands) mel bands; the shape is "
                    + "(melBands, frames)")
        }
    }
}

extension DatasetError {
    /// An error of a room below, whose sentence begins with the clip's name.
    fileprivate init(_ code: Code, sentence: String, path: String) {
        let prefix = "\(path): "
        self.init(code, path: path, sentence.hasPrefix(prefix) ? String(sentence.dropFirst(prefix.count)) : sentence)
    }
}
