internal import FoundationEssentials
package import Plant

/// The file `dataset.json` of a dataset's folder: how its log-mel clips were computed.
///
/// `{"feature": {"kind": "log-mel", "sampleRateHz": 16000, "fftLength": 1024, "hopLength": 512, "melBands": 128,
/// "padding": "reflect"}}`; other keys are for people.
package enum DatasetManifest {
    private struct Content: Decodable {
        struct Feature: Decodable {
            let kind: String
            let sampleRateHz: Int
            let fftLength: Int
            let hopLength: Int
            let melBands: Int
            let padding: String?
        }
        let feature: Feature?
    }

    /// Returns nil where the folder has no manifest or the manifest no feature.
    package static func feature(inFolder folder: FilePath) throws(DatasetError) -> FeatureRecord? {
        let path = folder.appending("dataset.json")
        func failure(_ reason: String) -> DatasetError {
            DatasetError(.badManifest, path: path.description, reason)
        }
        let bytes: [UInt8]
        do throws(FileTrouble) {
            bytes = try ForeignFile(path, followingLinks: true).bytes()
        } catch {
            if error.code == .absent { return nil }
            throw failure(error.reason)
        }
        let content: Content
        do {
            content = try JSONDecoder().decode(Content.self, from: Data(bytes))
        } catch {
            throw failure(
                "is not readable: \(error); its \"feature\" needs kind, sampleRateHz, fftLength, hopLength and melBands"
            )
        }
        guard let feature = content.feature else { return nil }
        guard feature.kind == "log-mel" else {
            throw failure("the feature \"\(feature.kind)\" is unknown; only \"log-mel\" clips are read")
        }
        let padding = feature.padding ?? "zero"
        guard ["zero", "reflect"].contains(padding) else {
            throw failure("the padding \"\(padding)\" is unknown; it is \"zero\" or \"reflect\"")
        }
        return FeatureRecord(
            sampleRateHz: feature.sampleRateHz, fftLength: feature.fftLength, hopLength: feature.hopLength,
            melBands: feature.melBands, reflectPadding: padding == "reflect")
    }
}
