import Audio
import TestSupport
import Testing

/// From the bytes of a file to the samples a model hears.
@Suite struct ClipReaderTests {
    private func noise(count: Int, channelCount: UInt16 = 1, seed: UInt64 = 1) -> WaveFile {
        var random = SplitMix64(seed: seed)
        let samples = (0..<count * Int(channelCount)).map { _ in Int16.random(in: -9000...9000, using: &random) }
        return WaveFile(samples, channelCount: channelCount)
    }

    @Test func aClipAtTheModelsRateComesUnchanged() throws {
        var reader = ClipReader()
        let file = noise(count: 16_000)
        let clip = try reader.read(file.bytes, name: "a.wav")
        #expect(clip.samples == (try AudioDecoder.decode(file.bytes, name: "a.wav")).samples)
        #expect(clip.sampleRateHz == 16_000)
        #expect(clip.quality.flags.isEmpty)
        try clip.requireScorable(sampleCount: 16_000)
    }

    @Test func otherRatesAreConverted() throws {
        var reader = ClipReader()
        var file = noise(count: 5120)
        file.sampleRateHz = 51_200
        #expect(try reader.read(file.bytes, name: "a.wav").samples.count == 1600)
        file.sampleRateHz = 8_000
        let slow = try reader.read(file.bytes, name: "a.wav")
        #expect(slow.samples.count == 10_240)
        #expect(slow.quality.flags == .lowBandwidth)
    }

    /// Noise without its top quarter, as from a recorder at 12 kHz, in a file of 16 kHz.
    @Test func anEmptyTopOfTheBandIsFlagged() throws {
        let narrow = try #require(Resampler(fromHz: 16_000, toHz: 12_000))
        let wide = try #require(Resampler(fromHz: 12_000, toHz: 16_000))
        let recording = try AudioDecoder.decode(noise(count: 16_000).bytes, name: "a.wav")
        let samples = wide.resample(narrow.resample(recording.samples))
        let file = WaveFile(formatTag: 3, bits: 32, data: samples.flatMap { littleEndian($0.bitPattern) })
        var reader = ClipReader()
        #expect(try reader.read(file.bytes, name: "a.wav").quality.flags == .lowBandwidth)
    }

    @Test func hostileRatesAreRefused() throws {
        var reader = ClipReader()
        var file = noise(count: 100)
        file.sampleRateHz = 999_983
        let error = try #require(throws: AudioError.self) { try reader.read(file.bytes, name: "a.wav") }
        #expect(error.code == .badRate)
    }

    @Test func aChannelIsChosenOrFlagged() throws {
        var reader = ClipReader()
        let file = noise(count: 1000, channelCount: 8)
        let recording = try AudioDecoder.decode(file.bytes, name: "a.wav")
        let chosen = try reader.read(file.bytes, name: "a.wav", channel: 5)
        #expect(chosen.samples == (try recording.channel(5)))
        #expect(chosen.quality.flags.isEmpty)
        let unchosen = try reader.read(file.bytes, name: "a.wav")
        #expect(unchosen.samples == (try recording.channel(0)))
        #expect(unchosen.quality.flags == .multiChannel)
        let error = try #require(throws: AudioError.self) { try reader.read(file.bytes, name: "a.wav", channel: 8) }
        #expect(error.code == .noSuchChannel)
    }

    @Test func repairsAreFlagged() throws {
        var reader = ClipReader()
        var file = noise(count: 1000)
        file.statedDataSize = 0
        let clip = try reader.read(file.bytes, name: "a.wav")
        #expect(clip.quality.flags == .repaired)
        #expect(clip.warnings == [.wrongSize])
    }

    @Test func sensorFaultsAndShortClipsAreNotScored() throws {
        var reader = ClipReader()
        for (file, code) in [
            (WaveFile([Int16](repeating: 0, count: 200)), .silent),
            (WaveFile([Int16](repeating: 4000, count: 20_000)), .stuck),
            (noise(count: 159_999), .tooShort),
        ] as [(WaveFile, AudioError.Code)] {
            let clip = try reader.read(file.bytes, name: "a.wav")
            let error = try #require(throws: AudioError.self) { try clip.requireScorable(sampleCount: 160_000) }
            #expect(error.code == code)
        }
    }
}
