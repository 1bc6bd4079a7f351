import Datasets
import Plant
import Testing

@Suite struct DCASENameTests {
    @Test func labelledClips() throws {
        let normal = try #require(DCASEName("normal_id_00_00000012.wav"))
        #expect(normal.isAnomaly == false)
        #expect(normal.machineID == "id_00")
        #expect(normal.number == "00000012")
        #expect(normal.fileExtension == "wav")
        #expect(DCASEName("anomaly_id_06_00000000.FLAC")?.isAnomaly == true)
        #expect(DCASEName("anomaly_id_06_00000000.FLAC")?.fileExtension == "flac")
    }

    /// Only the file's own name is read: the folder `id_01` labels nothing.
    @Test func foldersSayNothing() {
        #expect(DCASEName("/data/id_01/anomaly/normal_id_03_00000001_extra.npy")?.machineID == "id_03")
        #expect(DCASEName("/data/id_01/anomaly/normal_id_03_00000001_extra.npy")?.isAnomaly == false)
        #expect(DCASEName("normal_id_00_1.wav/clip.wav") == nil)
    }

    @Test func evaluationClipsCarryNoLabel() {
        #expect(DCASEName("id_05_00000003.wav")?.isAnomaly == .some(nil))
        #expect(DCASEName("id_05_00000003.wav")?.machineID == "id_05")
    }

    /// Since 2021 names say what a clip is for, its domain and its attributes, each where it is known.
    @Test func sections() throws {
        let test = try #require(DCASEName("section_00_source_test_anomaly_0001_vel_6.wav"))
        #expect(test.machineID == "section_00" && test.isAnomaly == true && test.split == .test)
        #expect(test.domain == "source" && test.number == "0001" && test.attributes == "vel_6")
        let train = try #require(DCASEName("section_02_target_train_normal_0009_car_A1_spd_28V_mic_1.wav"))
        #expect(train.isAnomaly == false && train.split == .train && train.domain == "target")
        #expect(train.attributes == "car_A1_spd_28V_mic_1")
        let evaluation = try #require(DCASEName("section_03_0004.wav"))
        #expect(evaluation.isAnomaly == .some(nil) && evaluation.split == nil && evaluation.domain == nil)
        let unlabelled = try #require(DCASEName("section_03_source_test_0004.wav"))
        #expect(unlabelled.isAnomaly == .some(nil) && unlabelled.split == .test && unlabelled.attributes == nil)
        #expect(DCASEName("section_00_source_train_normal_0000_noAttribute.wav")?.attributes == "noAttribute")
        #expect(DCASEName("section_00_source_supplemental_normal_0000.wav") == nil)
    }

    @Test(arguments: [
        ("/d/fan/train/normal_id_00_00000012.wav", "fan/id_00 false train"),
        ("/d/fan/normal_id_00_00000012.wav", "fan/id_00 false nil"),
        ("/d/gearbox/source_test/section_00_source_test_anomaly_0001.wav", "gearbox/section_00 true test"),
        ("/d/gearbox/target_test/section_01_target_test_0001.wav", "gearbox/section_01 nil test"),
        ("/d/ToyCar/section_00_source_train_normal_0001.wav", "ToyCar/section_00 false train"),
        ("/d/fan/id_00/normal/00000000.wav", "fan/id_00 false nil"),
        ("/d/-6_dB_pump/id_02/abnormal/00000001.wav", "pump/id_02 true nil"),
        ("/d/0_dB_slide_rail/id_04/normal/00000001.wav", "slide_rail/id_04 false nil"),
        ("/d/6dB_valve/id_06/abnormal/00000001.wav", "valve/id_06 true nil"),
        ("/d/dB_valve/id_06/abnormal/00000001.wav", "dB_valve/id_06 true nil"),
    ]) func layouts(_ path: String, _ said: String) throws {
        let label = try #require(ClipLabel(FilePath(path)))
        let split = label.split.map(\.rawValue) ?? "nil"
        let isAnomaly = label.isAnomaly.map(String.init) ?? "nil"
        #expect("\(label.machineType)/\(label.machineID) \(isAnomaly) \(split)" == said)
    }

    @Test(arguments: ["/d/fan/normal/00000000.wav", "/d/fan/id_00/00000000.wav", "/d/fan/take two.wav"])
    func placesThatSayNoMachine(_ path: String) {
        #expect(ClipLabel(FilePath(path)) == nil)
    }

    @Test(arguments: [
        "", "a.wav", "normal_id_00.wav", "normal_id__0.wav", "normal_00_00000001.wav", "normal_id_00_1",
        "normal_id_00_.wav",
        "odd_id_00_00000001.wav", "normal_id_00_1.",
    ])
    func otherNames(_ name: String) {
        #expect(DCASEName(name) == nil)
    }
}
