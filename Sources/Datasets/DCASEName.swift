package import Plant

/// What a clip's file name says in the DCASE challenges.
///
///     normal_id_00_00000012.wav                             2020
///     section_00_source_test_anomaly_0001_vel_6.wav         since 2021
///
/// Only the file's own name is read, never its folders: a folder called `id_01` labels nothing. Clips of evaluation
/// sets carry no label, `id_05_00000003.wav`, `section_03_0004.wav`.
package struct DCASEName: Hashable, Sendable {
    /// Nil where the name does not say whether the machine was healthy.
    package let isAnomaly: Bool?
    /// The machine's ID with its prefix: `id_00`, `section_00`.
    package let machineID: String
    /// Since 2021.
    package private(set) var split: DatasetClip.Split?
    /// Since 2021: `source` or `target`.
    package private(set) var domain: String?
    /// What follows the ID and the label, without the extension: `00000012`.
    package let number: String
    /// Since 2021, what follows the number: `vel_6`.
    package private(set) var attributes: String?
    /// In lower case, without the dot: `wav`.
    package let fileExtension: String

    /// Returns nil when the name has another form.
    ///
    /// - Parameter path: a file name, or a path whose last component is read.
    package init?(_ path: String) {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return nil }
        fileExtension = name[name.index(after: dot)...].lowercased()
        var parts = name[..<dot].split(separator: "_", omittingEmptySubsequences: false)[...]
        let isByChallenge2020 = parts.first != "section"
        let label = isByChallenge2020 ? Self.takeLabel(from: &parts) : nil
        guard parts.count >= 3, let prefix = parts.popFirst(), prefix == "id" || prefix == "section",
            let id = parts.popFirst(), !id.isEmpty
        else { return nil }
        machineID = "\(prefix)_\(id)"
        if isByChallenge2020 {
            isAnomaly = label
            number = parts.joined(separator: "_")
        } else {
            if parts.first == "source" || parts.first == "target" { domain = parts.popFirst().map(String.init) }
            split = parts.first.flatMap { DatasetClip.Split(rawValue: String($0)) }
            if split != nil { parts.removeFirst() }
            isAnomaly = Self.takeLabel(from: &parts)
            // Other words, such as "supplemental", name what is neither for training nor for testing.
            guard let digits = parts.popFirst(), digits.allSatisfy(\.isWholeNumber) else { return nil }
            number = String(digits)
            attributes = parts.isEmpty ? nil : parts.joined(separator: "_")
        }
        guard !number.isEmpty, !fileExtension.isEmpty else { return nil }
    }

    private static func takeLabel(from parts: inout ArraySlice<Substring>) -> Bool? {
        guard let label = ["normal": false, "anomaly": true][parts.first ?? ""] else { return nil }
        parts.removeFirst()
        return label
    }
}
