package import Plant

/// A folder of clips, `.wav`, `.flac` or `.npy`, in a layout that `ClipLabel` reads.
///
/// The folder above `train` or `test` names the machine type, also where that is the given folder itself or one above
/// it. A folder without these two is flat: it names the type, its normal clips are for training and its anomalous ones
/// for testing. Files that are neither audio nor `.npy` are not clips and are passed over; a clip whose name says too
/// little is rejected with its reason, and the rest goes on.
package struct DatasetFolder: Sendable {
    /// A file that looks like a clip; its content has not been read.
    package struct Entry: Hashable, Sendable {
        package let machine: MachineName
        package let split: DatasetClip.Split
        package let isAnomaly: Bool
        package let domain: String?
        package let attributes: String?
        package let format: ClipRecord.Format
        /// Relative to the folder, as text.
        package let path: String
        /// Where its bytes are.
        package let file: FilePath
    }

    /// As the user gave it.
    package let path: String
    /// What `dataset.json` says of log-mel clips; nil where there is no such file.
    package let feature: FeatureRecord?
    /// By path.
    package private(set) var entries: [Entry] = []
    /// Files that look like clips and cannot be used, by path.
    package private(set) var rejected: [DatasetError] = []

    /// Lists the folder. Throws only where nothing in it can be used; single files are listed in `rejected`.
    package init(_ path: String) throws(DatasetError) {
        self.path = path
        let root = FilePath(path)
        let walk = FolderWalk(root, links: .followed)
        if let trouble = walk.troubles.first(where: { $0.path == root }) {
            throw DatasetError(.unreadableFolder, path: path, trouble.reason)
        }
        rejected = walk.troubles.map { DatasetError(.unreadableFile, path: $0.path.description, $0.reason) }
        feature = try DatasetManifest.feature(inFolder: root)
        for file in walk.files {
            do throws(DatasetError) {
                entries.append(try Self.entry(file))
            } catch {
                rejected.append(error)
            }
        }
        guard !entries.isEmpty || !rejected.isEmpty else {
            throw DatasetError(
                .noClips, path: path,
                "holds no .wav, .flac or .npy file; the layout is "
                    + "TYPE/{train,test}/{normal|anomaly}_id_XX_NUMBER.wav")
        }
    }

    /// Normal clips of one machine for training, wherever they lie and whatever they are called.
    ///
    /// - Parameters:
    ///   - files: where each lies, what people call it, and what it holds.
    ///   - feature: of those that are log-mels.
    package init(
        of machine: MachineName, files: [(file: FilePath, name: String, format: ClipRecord.Format)],
        feature: FeatureRecord?
    ) {
        path = ""
        self.feature = feature
        entries = files.map { clip in
            Entry(
                machine: machine, split: .train, isAnomaly: false, domain: nil, attributes: nil, format: clip.format,
                path: clip.name, file: clip.file)
        }
    }

    private static func entry(_ file: FolderWalk.File) throws(DatasetError) -> Entry {
        let path = file.relative.text
        func failure(_ code: DatasetError.Code, _ reason: String) -> DatasetError {
            DatasetError(code, path: path, reason)
        }
        guard let label = ClipLabel(file.path) else {
            throw failure(
                .badName,
                "neither the name, as in normal_id_00_00000000.wav or section_00_source_train_normal_0000.wav, nor the "
                    + "folders, as in id_00/normal, say which machine it is; rename the file")
        }
        guard let isAnomaly = label.isAnomaly else {
            throw failure(.badName, "nothing says whether it is normal or an anomaly; rename the file")
        }
        guard let machine = MachineName(type: label.machineType, id: label.machineID) else {
            throw failure(
                .badName,
                "\"\(label.machineType)/\(label.machineID)\" cannot name a machine; use letters, digits, _, - and . only"
            )
        }
        guard !(label.split == .train && isAnomaly) else {
            throw failure(
                .anomalyInTraining, "is anomalous and lies in train, where only normal clips may; move it to test")
        }
        return Entry(
            machine: machine, split: label.split ?? (isAnomaly ? .test : .train), isAnomaly: isAnomaly,
            domain: label.domain, attributes: label.attributes, format: file.format, path: path, file: file.path)
    }
}

extension ClipRecord.Format {
    /// What a file with that name holds, by its extension; nil for what is no clip.
    package init?(fileName: String) {
        switch fileName.split(separator: ".").last?.lowercased() {
        case "wav", "flac": self = .audio
        case "npy": self = .logMel
        default: return nil
        }
    }
}
