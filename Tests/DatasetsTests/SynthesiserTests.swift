import Audio
import Datasets
import Plant
import Testing

@Suite struct SynthesiserTests {
    @Test func aPlantHasEveryKindOfClip() {
        let plant = Synthesiser(machineCount: 5, trainingClipCount: 3)
        #expect(plant.clips.count == 5 * (3 + 2 + 2))
        #expect(
            Set(plant.clips.map(\.machine.description))
                == ["fan/id_00", "pump/id_00", "slider/id_00", "valve/id_00", "fan/id_01"])
        #expect(plant.clips.count(where: { $0.split == .train && $0.isAnomaly }) == 0)
        #expect(plant.clips.first?.path == "fan/train/normal_id_00_00000000.wav")
        for clip in plant.clips {
            let name = DCASEName(clip.path)
            #expect(name?.isAnomaly == clip.isAnomaly)
            #expect(name?.machineID == clip.machine.id)
        }
    }

    /// Bytes are a function of seed and clip, whatever else the plant holds and whatever was rendered before.
    @Test func sameSeedSameBytes() throws {
        let plant = Synthesiser(machineCount: 2, trainingClipCount: 1, seed: 7)
        let again = Synthesiser(machineCount: 4, trainingClipCount: 1, seed: 7)
        let other = Synthesiser(machineCount: 2, trainingClipCount: 1, seed: 8)
        let clip = try #require(plant.clips.last)
        let twin = try #require(again.clips.first { $0.path == clip.path })
        let stranger = try #require(other.clips.first { $0.path == clip.path })
        #expect(plant.file(of: clip) == again.file(of: twin))
        #expect(plant.file(of: clip) != other.file(of: stranger))
        #expect(plant.file(of: clip) != plant.file(of: plant.clips[0]))
    }

    /// The hash of one clip's bytes, the same on every machine: its arithmetic rounds alike everywhere.
    @Test func bytesAreKnown() {
        let plant = Synthesiser(machineCount: 1, trainingClipCount: 1, seed: 1)
        let hashes = plant.clips.map { ContentHash(of: plant.file(of: $0)).description.prefix(16) }
        #expect(hashes == ["29daab1cc5c05f1f", "1b1f470d14dc0343", "a388b6410911b87e"])
    }

    /// Every clip of every type is a sound recording: finite, audible, not clipped, without sensor faults.
    @Test func clipsAreGoodRecordings() throws {
        let plant = Synthesiser(machineCount: 4, trainingClipCount: 1)
        var reader = ClipReader()
        for clip in plant.clips {
            let read = try reader.read(plant.file(of: clip), name: clip.path)
            #expect(read.samples.count == 160_000)
            #expect(read.quality.flags.isEmpty, "\(clip.path): \(read.quality.flags)")
            #expect((-32...(-18)).contains(read.quality.levelDecibels), "\(clip.path)")
        }
    }

    /// The hall is as loud against the machine as was asked for: 40 dB less noise shows in the quiet of a valve.
    @Test func noiseFollowsTheRatio() throws {
        func power(_ decibels: Double) throws -> Float {
            let plant = Synthesiser(machineCount: 1, trainingClipCount: 1, seed: 3, signalToNoiseDecibels: decibels)
            let samples = plant.samples(of: try #require(plant.clips.first))
            return samples.reduce(0) { $0 + $1 * $1 } / Float(samples.count)
        }
        let ratio = try power(0) / power(40)
        #expect((1.7...2.5).contains(ratio))
    }

    @Test func aPlantOnDisk() throws {
        let folder = try TemporaryFolder()
        let plant = Synthesiser(machineCount: 2, trainingClipCount: 1)
        try plant.write(to: folder.path, threads: 2)
        let listed = try DatasetFolder(folder.path)
        #expect(Set(listed.entries.map(\.path)) == Set(plant.clips.map(\.path)))
        #expect(listed.rejected.isEmpty)
        for clip in plant.clips { #expect(try folder.read(clip.path) == plant.file(of: clip)) }
        let table = String(decoding: try folder.read("plant.csv"), as: UTF8.self)
        #expect(table.split(separator: "\n").count == plant.clips.count + 1)
        #expect(table.contains("fan/test/anomaly_id_00_00000000.wav,fan/id_00,test,imbalance,"))
    }

    @Test func foldersThatCannotBeWritten() throws {
        let folder = try TemporaryFolder()
        try folder.write([1], to: "file")
        let error = #expect(throws: DatasetError.self) {
            try Synthesiser(machineCount: 1, trainingClipCount: 1).write(to: "\(folder.path)/file", threads: 1)
        }
        #expect(error?.code == .unwritable)
    }
}
