import Audio
import Foundation
import Testing

/// FLAC of every depth, whole and damaged. `Fixtures/make_fixtures.py` makes the files.
@Suite struct FLACDecodingTests {
    private func fixture(_ name: String) throws -> [UInt8] {
        let folder = try #require(Bundle.module.resourceURL).appending(path: "Fixtures")
        return Array(try Data(contentsOf: folder.appending(path: name)))
    }

    /// What the fixtures hold: a saw tooth over the whole scale, steeper in higher channels.
    private func ramp(frames: Int, channels: Int, bits: Int) -> [Float] {
        let scale = 1 << bits
        return (0..<frames * channels).map { index in
            let (frame, channel) = (index / channels, index % channels)
            let value = ((channel + 1) * frame * (scale / 61 + 1)) % scale - scale / 2
            return Float(value) / Float(scale / 2)
        }
    }

    @Test(arguments: [8, 12, 16, 20, 24, 32]) func depths(bits: Int) throws {
        let recording = try AudioDecoder.decode(try fixture("bits\(bits).flac"), name: "a.flac")
        #expect(recording.samples == ramp(frames: 300, channels: 2, bits: bits))
        #expect(recording.sampleRateHz == 16_000)
        #expect(recording.channelCount == 2)
        #expect(recording.warnings.isEmpty)
        #expect(bits == 32 || recording.fullScale == 1 - Float(sign: .plus, exponent: 1 - bits, significand: 1))
    }

    @Test func compressedFrames() throws {
        let recording = try AudioDecoder.decode(try fixture("frames.flac"), name: "a.flac")
        #expect(recording.samples == ramp(frames: 20_000, channels: 1, bits: 16))
    }

    @Test func eightChannels() throws {
        let recording = try AudioDecoder.decode(try fixture("eight-channels.flac"), name: "a.flac")
        #expect(recording.samples == ramp(frames: 300, channels: 8, bits: 16))
    }

    @Test func theLengthMayBeUnknown() throws {
        let recording = try AudioDecoder.decode(try fixture("unknown-length.flac"), name: "a.flac")
        #expect(recording.samples == ramp(frames: 300, channels: 1, bits: 16))
    }

    @Test func theDigestMayBeMissing() throws {
        let recording = try AudioDecoder.decode(try fixture("no-digest.flac"), name: "a.flac")
        #expect(recording.samples == ramp(frames: 300, channels: 1, bits: 16))
        #expect(recording.warnings == [.noChecksum])
    }

    @Test func unusualDepthsAreRefused() throws {
        let error = try #require(throws: AudioError.self) {
            try AudioDecoder.decode(try fixture("bits13.flac"), name: "a.flac")
        }
        #expect(error.code == .unsupportedEncoding)
    }

    @Test func aWrongDigestIsRefused() throws {
        var file = try fixture("bits16.flac")
        file[30] ^= 1
        let error = try #require(throws: AudioError.self) { try AudioDecoder.decode(file, name: "a.flac") }
        #expect(error.code == .damaged)
        #expect(error.description.contains("MD5"))
    }

    /// Every byte of sound lies under a checksum, so changing any of them must be noticed.
    @Test func aChangedByteIsNoticed() throws {
        let whole = try fixture("bits16.flac")
        for position in 42..<whole.count {
            var file = whole
            file[position] ^= 0x10
            let error = #expect(throws: AudioError.self) { try AudioDecoder.decode(file, name: "a.flac") }
            #expect(error.map { [.damaged, .truncated, .empty].contains($0.code) } ?? false, "byte \(position)")
        }
    }

    @Test func cutUploadsAreRefused() throws {
        let whole = try fixture("bits16.flac")
        for count in 4..<whole.count {
            let error = #expect(throws: AudioError.self) {
                try AudioDecoder.decode(Array(whole[..<count]), name: "a.flac")
            }
            #expect(error.map { [.damaged, .truncated].contains($0.code) } ?? false, "cut to \(count) bytes")
        }
    }

    @Test func aHeaderThatPromisesTooMuchIsRefused() throws {
        var file = try fixture("bits16.flac")
        file[21] |= 0x0f
        let error = try #require(throws: AudioError.self) { try AudioDecoder.decode(file, name: "a.flac") }
        #expect(error.code == .tooLarge)
        let small = try #require(throws: AudioError.self) {
            try AudioDecoder.decode(
                try fixture("unknown-length.flac"), name: "a.flac", limits: DecodeLimits(sampleCount: 200))
        }
        #expect(small.code == .tooLarge)
    }

    /// What stands around a sound stream is skipped; the digest proves that nothing is missing.
    @Test func whatStandsAroundTheStreamIsSkipped() throws {
        let tag = Array("ID3".utf8) + [4, 0, 0, 0, 0, 0, 20] + Array("TIT2 recording data ".utf8)
        let id3v1 = Array("TAGwabash".utf8) + [UInt8](repeating: 0, count: 119)
        for name in ["bits16.flac", "frames.flac", "no-digest.flac"] {
            let whole = try fixture(name)
            let expected = try AudioDecoder.decode(whole, name: name).samples
            let before = try AudioDecoder.decode(tag + whole, name: name)
            #expect(before.samples == expected)
            #expect(before.warnings.first == .leadingTag(byteCount: tag.count))
            for tail in [id3v1, tag, [UInt8](repeating: 0, count: 4096), Array("fLaC".utf8)] {
                let behind = try AudioDecoder.decode(whole + tail, name: name)
                #expect(behind.samples == expected)
                #expect(behind.warnings.last == .unreadRest)
            }
        }
    }

    @Test func aSecondStreamIsIgnoredWhereTheFirstIsProven() throws {
        let whole = try fixture("bits16.flac")
        let both = try AudioDecoder.decode(whole + whole, name: "a.flac")
        #expect(both.samples == (try AudioDecoder.decode(whole, name: "a.flac")).samples)
        #expect(both.warnings == [.unreadRest])
    }

    /// STREAMINFO lies under no checksum, but the frames say most of it again.
    @Test func aWrongHeaderIsRefused() throws {
        let whole = try fixture("no-digest.flac")
        let expected = try AudioDecoder.decode(whole, name: "a.flac")
        for bit in 0..<64 {
            var file = whole
            file[18 + bit / 8] ^= 0x80 >> (bit % 8)
            do {
                // Where the frames do not state the rate, another one makes another sound file.
                let recording = try AudioDecoder.decode(file, name: "a.flac")
                #expect(recording.samples == expected.samples && recording.sampleRateHz == expected.sampleRateHz)
            } catch {
                #expect([.malformed, .truncated, .unsupportedEncoding, .zeroRate, .tooLarge].contains(error.code))
            }
        }
    }

    @Test(arguments: 4..<18) func otherFieldsDecideNothing(place: Int) throws {
        let whole = try fixture("bits16.flac")
        let expected = try AudioDecoder.decode(whole, name: "a.flac").samples
        for bit in 0..<8 {
            var file = whole
            file[place] ^= 1 << bit
            do {
                #expect(try AudioDecoder.decode(file, name: "a.flac").samples == expected)
            } catch {
                #expect([.malformed, .damaged, .truncated].contains(error.code), "\(error)")
            }
        }
    }
}
