import Datasets
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

    @Test(arguments: [
        "", "a.wav", "normal_id_00.wav", "normal_id__0.wav", "normal_00_00000001.wav", "normal_id_00_1",
        "normal_id_00_.wav",
        "odd_id_00_00000001.wav", "normal_id_00_1.",
    ])
    func otherNames(_ name: String) {
        #expect(DCASEName(name) == nil)
    }
}
