import Detection
import Glibc
import Networks
import Plant
import Spectra
import Tensors
import Testing

/// What is found where a tone was added to a machine's usual noise.
@Suite struct OcclusionTests {
    private static let machine = SmallModel.machines[0]

    /// A density of 24 clips of noise.
    private static func density() throws -> DensityModel {
        let extractor = try LogMelExtractor(SmallModel.feature())
        let embeddings = try (0..<24).map { seed in
            try extractor.extract(SmallModel.samples(UInt64(500 + seed)), name: "normal").timeStatistics
        }
        return try DensityModel(
            feature: SmallModel.feature(), fewestFrames: 2,
            machines: [DensityModel.Machine(fitting: machine, to: embeddings)])
    }

    /// 2 kHz during the second quarter of the clip.
    private static func whistling() -> [Float] {
        var samples = SmallModel.samples(42)
        for index in 1024..<2048 { samples[index] += 0.5 * Float(sin(2 * Double.pi * 2000 * Double(index) / 16_000)) }
        return samples
    }

    @Test func theToneIsFoundWhereItSounds() throws {
        let model = try Self.density()
        let found = try Occlusion(
            of: .samples(Self.whistling(), sampleRateHz: 16_000), machine: Self.machine, model: model, patchSize: 4)
        let loudest = try #require(found.loudest)
        let edges = MelBank.edges(model.feature)
        #expect(edges[loudest.patch.bands.lowerBound] < 2000 && edges[loudest.patch.bands.upperBound + 1] > 2000)
        // Frames 8 to 16 are centred on the tone.
        #expect(loudest.patch.frames.overlaps(8..<16))
        #expect(found.effects.count == 4 * 9)
        #expect(found.score.verdict == .anomalous)
        #expect(loudest.effect > 0.1 * found.score.score)
    }

    /// Of a log-mel clip the picture itself is changed, with the same finding.
    @Test func logMelsAreExplainedAlike() throws {
        let model = try Self.density()
        let logMel = try LogMelExtractor(model.feature).extract(Self.whistling(), name: "clip")
        let found = try Occlusion(
            of: .logMel(logMel, model.feature), machine: Self.machine, model: model, patchSize: 4)
        let heard = try Occlusion(
            of: .samples(Self.whistling(), sampleRateHz: 16_000), machine: Self.machine, model: model, patchSize: 4)
        #expect(found.score == heard.score && found.logMel == logMel)
        #expect(found.loudest?.patch.bands == heard.loudest?.patch.bands)
        #expect(found.loudest?.patch.frames.overlaps(8..<16) == true)
    }

    /// A network without references is asked too, and one that hears the wave.
    @Test(arguments: [[.logMel], [.logMel, .tgram, .tfgram]] as [[Architecture.Channel]])
    func networksAreExplained(_ channels: [Architecture.Channel]) throws {
        let model = try SmallModel.make(channels)
        let found = try Occlusion(of: SmallModel.signal(3), machine: Self.machine, model: model)
        #expect(found.effects.count == 3)
        #expect(found.effects.contains { $0.effect != 0 })
    }
}
