import Audio
import TestSupport
import Testing

/// Files as broken recorders and bad lines leave them: read with a warning, or refused with the right code.
@Suite struct DamagedWAVTests {
    private let samples: [Int16] = (0..<500).map { Int16($0 * 61 % 4001) - 2000 }

    private func decode(_ file: WaveFile) throws(AudioError) -> Recording {
        try AudioDecoder.decode(file.bytes, name: "clip.wav")
    }

    private func expectSamples(_ file: WaveFile, warnings: [Recording.Warning]) throws {
        let recording = try decode(file)
        #expect(recording.samples == samples.map { Float($0) / 32768 })
        #expect(recording.warnings == warnings)
    }

    private func expectRefusal(_ code: AudioError.Code, _ file: WaveFile) throws {
        let error = try #require(throws: AudioError.self) { try decode(file) }
        #expect(error.code == code)
        #expect(error.clip == "clip.wav")
    }

    @Test(arguments: [0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as [UInt32])
    func streamsWithoutLengthAreReadToTheirEnd(size: UInt32) throws {
        var file = WaveFile(samples)
        (file.statedDataSize, file.statedRIFFSize) = (size, size)
        try expectSamples(file, warnings: [.wrongSize])
    }

    /// Only the data size is wrong: the other size says that the file is whole, so all of it is sound.
    @Test(arguments: [1002, 1044, 2000, 100_000] as [UInt32]) func aDataSizeBeyondTheFile(size: UInt32) throws {
        var file = WaveFile(samples)
        file.statedDataSize = size
        try expectSamples(file, warnings: [.wrongSize])
    }

    /// Nothing says whether the bytes behind it are sound, unless the number of samples is stated once more.
    @Test(arguments: [2, 488, 998, 999] as [UInt32]) func aDataSizeWithinTheSamples(size: UInt32) throws {
        var file = WaveFile(samples)
        file.statedDataSize = size
        try expectRefusal(.malformed, file)
        file = WaveFile(samples)
        file.beforeData = chunk("fact", littleEndian(UInt32(500)))
        file.afterData = [UInt8](repeating: 0xee, count: 400)
        try expectSamples(file, warnings: [.trailingBytes(400)])
    }

    @Test(arguments: [0, 7, 0xffff_ffff] as [UInt32]) func wrongRIFFSize(size: UInt32) throws {
        var file = WaveFile(samples)
        file.statedRIFFSize = size
        try expectSamples(file, warnings: [.wrongSize])
    }

    @Test func bytesBehindTheFileAreIgnored() throws {
        var file = WaveFile(samples)
        file.statedRIFFSize = UInt32(file.bytes.count - 8)
        file.afterData = [UInt8](repeating: 0xff, count: 128)
        try expectSamples(file, warnings: [.trailingBytes(128)])
    }

    @Test func metadataCutOffBehindTheSamplesIsIgnored() throws {
        var file = WaveFile(samples)
        file.afterData = chunk("LIST", [UInt8](repeating: 65, count: 400))
        file.statedRIFFSize = UInt32(file.bytes.count - 8)
        file.afterData.removeLast(300)
        try expectSamples(file, warnings: [.trailingBytes(108)])
    }

    @Test func oddChunksMayLackTheirPadByte() throws {
        var file = WaveFile(samples)
        file.beforeFormat = chunk("note", [1, 2, 3], isPadded: false)
        file.beforeData = chunk("LIST", [1, 2, 3, 4, 5], isPadded: false)
        try expectSamples(file, warnings: [])
    }

    @Test func damagedChunksAreLeftBySearching() throws {
        var file = WaveFile(samples)
        file.beforeData = [UInt8](repeating: 0, count: 52)
        try expectSamples(file, warnings: [.damagedChunk])
        file.beforeData = Array("LIST".utf8) + littleEndian(UInt32(90_000)) + [1, 2, 3, 4, 5, 6]
        try expectSamples(file, warnings: [.damagedChunk])
        file.beforeData = Array("PEAK".utf8) + littleEndian(UInt32(3)) + [UInt8](repeating: 0x80, count: 16)
        try expectSamples(file, warnings: [.damagedChunk])
        file.beforeFormat = [UInt8](repeating: 0xee, count: 22)
        file.beforeData = []
        try expectSamples(file, warnings: [.damagedChunk])
    }

    @Test func anIncompleteLastFrameIsDropped() throws {
        var file = WaveFile(samples, channelCount: 2)
        file.data += [1, 2]
        try expectSamples(file, warnings: [.partialFrame(byteCount: 2)])
        // The pad byte may be the last of the frame.
        file.data.append(3)
        try expectRefusal(.malformed, file)
    }

    @Test func cutUploadsAreRefused() throws {
        let whole = WaveFile(samples).bytes
        // Android's recorders count 44 bytes too many, which looks like a file that lacks as many.
        for count in 1..<whole.count where count != whole.count - 44 {
            let error = try #require(throws: AudioError.self) {
                try AudioDecoder.decode(Array(whole[..<count]), name: "clip.wav")
            }
            #expect(count < 4 ? error.code == .notAudio : error.code == .truncated, "cut to \(count) bytes")
        }
    }

    @Test func headersThatContradictThemselvesAreRefused() throws {
        var file = WaveFile(samples)
        file.beforeData = chunk("data", [1, 2])
        try expectRefusal(.malformed, file)

        file = WaveFile(samples)
        file.afterData = file.format
        try expectRefusal(.malformed, file)

        file = WaveFile(samples)
        file.beforeFormat = chunk("data", [1, 2])
        try expectRefusal(.malformed, file)

        file = WaveFile(samples)
        file.blockAlign = 3
        try expectRefusal(.malformed, file)

        file = WaveFile(formatTag: 0xfffe, bits: 32, data: samples.flatMap { littleEndian(Int32($0)) })
        try expectRefusal(.unsupportedEncoding, file)
    }

    @Test func impossibleFormatsAreRefused() throws {
        var file = WaveFile(samples)
        file.channelCount = 0
        try expectRefusal(.noChannels, file)
        file = WaveFile(samples)
        file.sampleRateHz = 0
        try expectRefusal(.zeroRate, file)
        file.sampleRateHz = 4_000_000_000
        try expectRefusal(.badRate, file)
        file = WaveFile(samples)
        file.formatTag = 0x11
        try expectRefusal(.unsupportedEncoding, file)
        file = WaveFile(samples)
        file.bits = 64
        try expectRefusal(.unsupportedEncoding, file)
        try expectRefusal(.empty, WaveFile([]))
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity]) func numbersThatAreNoneAreRefused(value: Float) throws {
        let values: [Float] = [0, 0.5, value, 0.5]
        var file = WaveFile(formatTag: 3, bits: 32, data: values.flatMap { littleEndian($0.bitPattern) })
        file.channelCount = 2
        try expectRefusal(.notFinite, file)
        let error = try #require(throws: AudioError.self) { try decode(file) }
        #expect(error.description.contains("sample 1 of channel 0"))
    }

    @Test func otherFilesAreRefused() throws {
        for (content, code) in [
            ([], .empty), (Array("hello".utf8), .notAudio), (Array("RIFF____AVI ____".utf8), .notAudio),
            (Array("OggS_____________".utf8), .notAudio), ([UInt8](repeating: 0, count: 4096), .notAudio),
        ] as [([UInt8], AudioError.Code)] {
            let error = try #require(throws: AudioError.self) { try AudioDecoder.decode(content, name: "x") }
            #expect(error.code == code)
        }
    }

    @Test func sizesAreCheckedBeforeDecoding() throws {
        let file = WaveFile(samples, channelCount: 2).bytes
        for limits in [
            DecodeLimits(byteCount: 1000), DecodeLimits(sampleCount: 499), DecodeLimits(channelCount: 1),
        ] {
            let error = try #require(throws: AudioError.self) {
                try AudioDecoder.decode(file, name: "clip.wav", limits: limits)
            }
            #expect(error.code == .tooLarge)
        }
        #expect(
            try AudioDecoder.decode(file, name: "clip.wav", limits: DecodeLimits(sampleCount: 500)).frameCount == 250)
    }

    /// Any byte of the header may be anything: the answer is samples or an error, never a trap.
    @Test func randomHeadersNeverTrap() {
        let seed = UInt64.random(in: 0..<1 << 32)
        var random = SplitMix64(seed: seed)
        var file = WaveFile(samples, channelCount: 2)
        file.beforeData = chunk("LIST", [1, 2, 3])
        let whole = file.bytes
        var decoded = 0
        for _ in 0..<2000 {
            var damaged = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<72, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if (try? AudioDecoder.decode(damaged, name: "clip.wav")) != nil { decoded += 1 }
        }
        #expect(decoded > 0 && decoded < 2000, "seed \(seed)")
    }
}
