package import Plant

/// What a clip's name, and the folders it lies in, say of it: the layouts of the DCASE challenges and of MIMII.
///
///     TYPE/{train,test}/{normal|anomaly}_id_00_00000012.wav
///     TYPE/{train,source_test,target_test,test}/section_00_source_test_anomaly_0001_vel_6.wav
///     [dB_]TYPE/id_00/{normal,abnormal}/00000012.wav
package struct ClipLabel: Hashable, Sendable {
    /// The folder above `train`, `test` or a machine's ID; empty where there is none.
    package let machineType: String
    package let machineID: String
    /// Nil where nothing says whether the machine was healthy.
    package let isAnomaly: Bool?
    /// Nil where nothing says what the clip is for.
    package let split: DatasetClip.Split?
    package let domain: String?
    package let attributes: String?

    /// Returns nil where nothing says which machine it is.
    ///
    /// - Parameter path: of the clip; the folders above it count.
    package init?(_ path: FilePath) {
        let names = path.absoluteNames.map(\.text)
        guard let file = names.last else { return nil }
        self.init(file, folders: names.dropLast())
    }

    private init?(_ file: String, folders: ArraySlice<String>) {
        if let name = DCASEName(file) {
            let folder = folders.last.flatMap(Self.split)
            machineType = (folder == nil ? folders.last : folders.dropLast().last) ?? ""
            (machineID, isAnomaly) = (name.machineID, name.isAnomaly)
            split = folder ?? name.split
            (domain, attributes) = (name.domain, name.attributes)
        } else {
            guard let label = ["normal": false, "abnormal": true][folders.last ?? ""],
                let id = folders.dropLast().last, id.hasPrefix("id_"), id.utf8.count > 3
            else { return nil }
            machineType = Self.withoutNoiseLevel(folders.dropLast(2).last ?? "")
            (machineID, isAnomaly) = (id, label)
            (split, domain, attributes) = (nil, nil, nil)
        }
    }

    /// `train`; `test`, `source_test` or `target_test`.
    private static func split(_ folder: String) -> DatasetClip.Split? {
        folder.split(separator: "_").last.flatMap { DatasetClip.Split(rawValue: String($0)) }
    }

    /// `fan` of `-6_dB_fan`.
    private static func withoutNoiseLevel(_ folder: String) -> String {
        let parts = folder.split(separator: "_", omittingEmptySubsequences: false)[...]
        if parts.count > 2, Int(parts[0]) != nil, parts[1] == "dB" { return parts.dropFirst(2).joined(separator: "_") }
        if parts.count > 1, parts[0].hasSuffix("dB"), Int(parts[0].dropLast(2)) != nil {
            return parts.dropFirst().joined(separator: "_")
        }
        return folder
    }
}
