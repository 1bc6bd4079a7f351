private import FoundationEssentials
package import Plant

/// A folder of clips in the layout of the DCASE challenges, `TYPE/{train,test}/{normal|anomaly}_id_XX_*.{wav,flac,npy}`.
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
        package let format: ClipRecord.Format
        /// Relative to the folder.
        package let path: String
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
        let files: [String]
        do {
            files = try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
        } catch {
            throw DatasetError(
                .unreadableFolder, path: path, "the folder cannot be read; check its name and your rights")
        }
        feature = try DatasetManifest.feature(inFolder: path)
        let parents = URL(filePath: path).standardizedFileURL.pathComponents
        for file in files {
            let components = file.split(separator: "/").map(String.init)
            guard let format = ClipRecord.Format(fileName: file), !components.contains(where: { $0.hasPrefix(".") })
            else {
                continue
            }
            do throws(DatasetError) {
                entries.append(try Self.entry(file, format: format, folders: parents + components.dropLast()))
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

    /// - Parameter folders: the names of all folders above the file, outermost first.
    private static func entry(
        _ file: String, format: ClipRecord.Format, folders: [String]
    ) throws(DatasetError) -> Entry {
        func failure(_ code: DatasetError.Code, _ reason: String) -> DatasetError {
            DatasetError(code, path: file, reason)
        }
        guard let name = DCASEName(file) else {
            throw failure(.badName, "the name is not of the form normal_id_00_00000000.wav; rename the file")
        }
        guard let isAnomaly = name.isAnomaly else {
            throw failure(.badName, "the name begins with neither normal_ nor anomaly_; rename the file")
        }
        let split = folders.last.flatMap(DatasetClip.Split.init(rawValue:))
        let type = (split == nil ? folders : folders.dropLast()).last ?? ""
        guard let machine = MachineName(type: type, id: name.machineID) else {
            throw failure(
                .badName, "\"\(type)/\(name.machineID)\" cannot name a machine; use letters, digits, _, - and . only")
        }
        guard !(split == .train && isAnomaly) else {
            throw failure(
                .anomalyInTraining, "is anomalous and lies in train, where only normal clips may; move it to test")
        }
        return Entry(
            machine: machine, split: split ?? (isAnomaly ? .test : .train), isAnomaly: isAnomaly, format: format,
            path: file)
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
