import Audio
import TestSupport
import Testing

/// Each flag at its threshold, on otherwise healthy noise.
@Suite struct QualityTests {
    private let rate = 16_000

    /// Two seconds of noise between -level and level.
    private func noise(level: Float = 0.3) -> [Float] {
        var random = SplitMix64(seed: 7)
        return (0..<2 * rate).map { _ in Float.random(in: -level...level, using: &random) }
    }

    private func flags(_ samples: [Float], fullScale: Float = 1) -> QualityFlags {
        QualityReport(samples: samples, sampleRateHz: rate, fullScale: fullScale).flags
    }

    @Test func healthyNoiseHasNoFlag() {
        #expect(flags(noise()).isEmpty)
    }

    @Test func silenceIsBelowMinus80Decibels() {
        // Uniform noise has the level of its peak divided by the root of 3.
        #expect(flags(noise(level: 1.6e-4)) == .silence)
        #expect(flags(noise(level: 1.9e-4)).isEmpty)
        #expect(flags([Float](repeating: 0, count: rate)) == .silence)
        #expect(QualityReport(samples: [0], sampleRateHz: rate).levelDecibels == -.infinity)
    }

    @Test func stuckSamplesLastMoreThanASecond() {
        var samples = noise()
        samples.replaceSubrange(100..<100 + rate, with: repeatElement(0.001, count: rate))
        #expect(flags(samples).isEmpty)
        samples[100 + rate] = 0.001
        #expect(flags(samples) == .stuckSamples)
    }

    @Test func clippingIsThreeInARowOrOneInAThousand() {
        var samples = noise()
        samples.replaceSubrange(50...51, with: [1, 1])
        #expect(flags(samples).isEmpty)
        samples[52] = 1
        #expect(flags(samples) == .clipping)

        samples = noise()
        for index in stride(from: 0, to: samples.count, by: 1001) { samples[index] = -1 }
        #expect(flags(samples).isEmpty)
        for index in stride(from: 0, to: samples.count, by: 990) { samples[index] = -1 }
        #expect(flags(samples) == .clipping)
    }

    /// The positive end of a scale of integers is below 1.
    @Test func clippingKnowsTheScale() {
        var samples = noise()
        samples.replaceSubrange(50...52, with: repeatElement(32767 / 32768, count: 3))
        #expect(flags(samples).isEmpty)
        #expect(flags(samples, fullScale: 32767 / 32768) == .clipping)
    }

    @Test func levelsAboveFullScale() {
        var samples = noise()
        samples[9] = -1.0001
        #expect(flags(samples) == .levelTooHigh)
    }

    @Test func anOffsetIsAHundredthOfTheScale() {
        #expect(flags(noise().map { $0 + 0.02 }) == .dcOffset)
        #expect(flags(noise().map { $0 - 0.02 }) == .dcOffset)
        #expect(flags(noise().map { $0 + 0.005 }).isEmpty)
    }

    @Test func droppedPacketsAreZerosInsideSound() {
        var samples = noise()
        samples.replaceSubrange(1000..<1080, with: repeatElement(0, count: 80))
        #expect(flags(samples).isEmpty)
        samples[1080] = 0
        #expect(flags(samples) == .droppedPackets)
        // A quiet recording of few bits holds such runs by itself.
        #expect(flags(samples.map { $0 * 0.002 }).isEmpty)
    }

    @Test(arguments: [160, 512, 4096]) func aBufferDeliveredTwice(length: Int) {
        var samples = noise()
        samples.replaceSubrange(5000..<5000 + length - 1, with: samples[5000 - length..<4999])
        #expect(flags(samples).isEmpty)
        samples[5000 + length - 1] = samples[4999]
        #expect(flags(samples) == .repeatedBuffer)
    }

    @Test func flagsHaveNames() {
        let flags: QualityFlags = [.multiChannel, .silence]
        #expect(flags.names == ["silence", "multiChannel"])
        #expect(flags.description == "silence multiChannel")
    }
}
