import Datasets
import Plant
import Spectra
import Testing

@Suite struct DatasetFolderTests {
    private let wave = WaveFile.bytes((0..<16_000).map { Float($0 % 40) / 100 - 0.2 }, sampleRateHz: 16_000)

    @Test func layoutOfTheChallenges() throws {
        let folder = try TemporaryFolder()
        for name in [
            "fan/train/normal_id_00_00000000.wav", "fan/test/anomaly_id_00_00000000.wav",
            "fan/test/normal_id_00_00000000.FLAC", "README.md", ".hidden/normal_id_00_00000000.wav",
        ] {
            try folder.write(wave, to: name)
        }
        let listed = try DatasetFolder(folder.path)
        #expect(listed.feature == nil)
        #expect(listed.rejected.isEmpty)
        #expect(
            listed.entries.map { "\($0.machine) \($0.split) \($0.isAnomaly)" }
                == ["fan/id_00 test true", "fan/id_00 test false", "fan/id_00 train false"])
    }

    /// A flat folder names the type; normal clips are for training. So does the folder itself when it is the type.
    @Test func flatLayoutsAndTheTypeItself() throws {
        let folder = try TemporaryFolder()
        try folder.write(wave, to: "pump/normal_id_02_00000000.wav")
        try folder.write(wave, to: "pump/anomaly_id_02_00000000.wav")
        try folder.write(wave, to: "valve/test/normal_id_04_00000000.wav")
        let plant = try DatasetFolder(folder.path).entries
        #expect(plant.map(\.split) == [.test, .train, .test])
        #expect(try DatasetFolder("\(folder.path)/pump").entries.map(\.machine.type) == ["pump", "pump"])
        let valve = try DatasetFolder("\(folder.path)/valve/test").entries
        #expect(valve.map(\.machine.type) == ["valve"])
        #expect(valve.map(\.split) == [.test])
    }

    @Test func clipsThatSayTooLittleAreNamed() throws {
        let folder = try TemporaryFolder()
        try folder.write(wave, to: "fan/train/normal_id_00_00000000.wav")
        try folder.write(wave, to: "fan/train/anomaly_id_00_00000001.wav")
        try folder.write(wave, to: "fan/test/id_05_00000001.wav")
        try folder.write(wave, to: "fan/test/take two.wav")
        try folder.write(wave, to: "big fan/test/normal_id_00_00000001.wav")
        let listed = try DatasetFolder(folder.path)
        #expect(listed.entries.map(\.path) == ["fan/train/normal_id_00_00000000.wav"])
        #expect(
            listed.rejected.map { "\($0.path) \($0.code)" } == [
                "big fan/test/normal_id_00_00000001.wav badName", "fan/test/id_05_00000001.wav badName",
                "fan/test/take two.wav badName", "fan/train/anomaly_id_00_00000001.wav anomalyInTraining",
            ])
    }

    @Test func theSameBytesCannotBeNormalAndAnomalous() throws {
        let machine = try #require(MachineName("fan/id_00"))
        func clip(_ path: String, isAnomaly: Bool, _ content: UInt8) -> DatasetClip {
            DatasetClip(
                machine: machine, split: .test, isAnomaly: isAnomaly, format: .audio, path: path,
                sha256: ContentHash(of: [content]))
        }
        let judged = ContradictedClips(among: [
            clip("a", isAnomaly: false, 1), clip("b", isAnomaly: true, 1), clip("c", isAnomaly: false, 2),
            clip("d", isAnomaly: false, 2), clip("e", isAnomaly: true, 3),
        ])
        #expect(judged.usable.map(\.path) == ["c", "d", "e"])
        #expect(judged.refused.map(\.path) == ["a", "b"])
        #expect(judged.refused[0].reason.contains("as b") && judged.refused[1].reason.contains("as a"))
    }

    @Test func foldersWithoutClips() throws {
        let folder = try TemporaryFolder()
        #expect(#expect(throws: DatasetError.self) { try DatasetFolder(folder.path) }?.code == .noClips)
        let missing = #expect(throws: DatasetError.self) { try DatasetFolder("\(folder.path)/missing") }
        #expect(missing?.code == .unreadableFolder)
    }

    @Test func clipsAreReadToTheirEnd() throws {
        let folder = try TemporaryFolder()
        let logMel = NumPyArray.bytes(of: LogMel(melBands: 4, frames: 3, values: (0..<12).map { Float($0) }))
        try folder.write(
            Array(#"{"feature": {"kind": "log-mel", "sampleRateHz": 16000, "fftLength": 1024,"#.utf8)
                + Array(#""hopLength": 512, "melBands": 4, "padding": "reflect", "frames": 3}}"#.utf8),
            to: "dataset.json")
        try folder.write(wave, to: "fan/normal_id_00_0.wav")
        try folder.write(Array(wave.dropLast(999)), to: "fan/normal_id_00_1.wav")
        try folder.write([], to: "fan/normal_id_00_2.wav")
        try folder.write(
            WaveFile.bytes(Array(repeating: 0, count: 16_000), sampleRateHz: 16_000), to: "fan/normal_id_00_3.wav")
        try folder.write(logMel, to: "fan/normal_id_00_4.npy")
        try folder.write(Array(logMel.dropLast(4)), to: "fan/normal_id_00_5.npy")
        let other = NumPyArray.bytes(of: LogMel(melBands: 3, frames: 4, values: (0..<12).map { Float($0) }))
        try folder.write(other, to: "fan/normal_id_00_6.npy")
        let listed = try DatasetFolder(folder.path)
        #expect(
            listed.feature
                == FeatureRecord(
                    sampleRateHz: 16_000, fftLength: 1024, hopLength: 512, melBands: 4, reflectPadding: true))
        var reader = DatasetReader(listed)
        var read: [String] = []
        var refused: [String] = []
        for entry in listed.entries {
            do throws(DatasetError) {
                let (clip, bytes) = try reader.read(entry)
                #expect(clip.sha256 == ContentHash(of: bytes))
                #expect(clip.path == entry.path)
                read.append(entry.path)
            } catch {
                #expect(error.path == entry.path && error.description.hasPrefix("\(entry.path): "))
                refused.append(entry.path)
            }
        }
        #expect(read == ["fan/normal_id_00_0.wav", "fan/normal_id_00_4.npy"])
        #expect(refused.count == 5)
    }

    @Test(arguments: [
        "{", #"{"feature": {"kind": "log-mel"}}"#,
        #"{"feature": {"kind": "mfcc", "sampleRateHz": 1, "fftLength": 1, "hopLength": 1, "melBands": 1}}"#,
        #"{"feature": {"kind": "log-mel", "sampleRateHz": 1, "fftLength": 1, "hopLength": 1, "melBands": 1, "padding": "x"}}"#,
    ])
    func damagedManifests(_ text: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(wave, to: "fan/normal_id_00_0.wav")
        try folder.write(Array(text.utf8), to: "dataset.json")
        let error = #expect(throws: DatasetError.self) { try DatasetFolder(folder.path) }
        #expect(error?.code == .badManifest)
        #expect(error?.path.hasSuffix("dataset.json") == true)
    }
}
