/// What a clip's file name says in the DCASE challenges: `normal_id_00_00000012.wav`.
///
/// Only the file's own name is read, never its folders: a folder called `id_01` labels nothing. Clips of evaluation
/// sets carry no label, `id_05_00000003.wav`.
package struct DCASEName: Hashable, Sendable {
    /// Nil where the name does not say whether the machine was healthy.
    package let isAnomaly: Bool?
    /// The machine's ID with its prefix: `id_00`.
    package let machineID: String
    /// What follows the ID, without the extension: `00000012`.
    package let number: String
    /// In lower case, without the dot: `wav`.
    package let fileExtension: String

    /// Returns nil when the name has another form.
    ///
    /// - Parameter path: a file name, or a path whose last component is read.
    package init?(_ path: String) {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return nil }
        var parts = name[..<dot].split(separator: "_", omittingEmptySubsequences: false)[...]
        switch parts.first {
        case "normal": isAnomaly = false
        case "anomaly": isAnomaly = true
        default: isAnomaly = nil
        }
        if isAnomaly != nil { parts.removeFirst() }
        guard parts.count >= 3, parts.popFirst() == "id", let id = parts.popFirst(), !id.isEmpty else { return nil }
        machineID = "id_\(id)"
        number = parts.joined(separator: "_")
        fileExtension = name[name.index(after: dot)...].lowercased()
        guard !number.isEmpty, !fileExtension.isEmpty else { return nil }
    }
}
