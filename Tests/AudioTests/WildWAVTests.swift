import Audio
import TestSupport
import Testing

/// WAV files as recorders, editors and transports really leave them: their samples are those of the sound file, or they are
/// refused. Nothing in between.
@Suite struct WildWAVTests {
    /// A file as it was found, and what is right for it.
    struct Case: CustomTestStringConvertible {
        enum Outcome: Equatable { case sound, repaired, refused(AudioError.Code) }

        let testDescription: String
        let bytes: [UInt8]
        let outcome: Outcome

        init(_ name: String, _ bytes: [UInt8], _ outcome: Outcome) {
            (testDescription, self.bytes, self.outcome) = (name, bytes, outcome)
        }
    }

    /// Noise, whose samples are never long 0 and look like no chunk.
    private static let samples: [Int16] = {
        var random = SplitMix64(seed: 13)
        return (0..<800).map { _ in Int16.random(in: -9000...9000, using: &random) }
    }()

    private static var sound: WaveFile { WaveFile(samples) }
    private static var wide: [UInt8] { samples.flatMap { littleEndian(Int32($0) << 16) } }
    private static var floats: [UInt8] { samples.flatMap { littleEndian((Float($0) / 32768).bitPattern) } }
    private static let pcmIdentifier: [UInt8] = [1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]
    private static let comment = chunk(
        "LIST", Array("INFO".utf8) + chunk("ICMT", Array("raw data of the data logger ".utf8)))
    private static let id3 = Array("ID3".utf8) + [4, 0, 0, 0, 0, 0, 20] + Array("TIT2 recording data ".utf8)
    private static let id3v1 = Array("TAGwabash".utf8) + [UInt8](repeating: 0, count: 119)
    private static let xmp = Array("<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta/>".utf8)

    private static func with(_ change: (inout WaveFile) -> Void) -> [UInt8] {
        var file = sound
        change(&file)
        return file.bytes
    }

    /// A chunk whose size is not that of its content.
    private static func lyingChunk(_ name: String, size: Int, _ content: [UInt8]) -> [UInt8] {
        Array(name.utf8) + littleEndian(UInt32(size)) + content
    }

    /// The sound file with a size that it had before something was put behind it.
    private static func followed(by tail: [UInt8]) -> [UInt8] { sound.bytes + tail }

    private static func wideFile(_ change: (inout WaveFile) -> Void) -> [UInt8] {
        var file = WaveFile(formatTag: 1, bits: 32, data: wide)
        change(&file)
        return file.bytes
    }

    private static func extensible(
        bits: UInt16 = 32, valid: UInt16, identifier: [UInt8] = pcmIdentifier, data: [UInt8] = wide
    ) -> [UInt8] {
        var file = WaveFile(formatTag: 0xfffe, bits: bits, data: data)
        file.formatExtension = littleEndian(UInt16(22)) + littleEndian(valid) + littleEndian(UInt32(4)) + identifier
        return file.bytes
    }

    static let sizes: [Case] = {
        let byteCount = UInt32(2 * samples.count)
        return [
            Case("as it should be", sound.bytes, .sound),
            Case("data size 0", with { $0.statedDataSize = 0 }, .repaired),
            Case("both sizes 0", with { ($0.statedDataSize, $0.statedRIFFSize) = (0, 0) }, .repaired),
            Case("sizes of a header alone", with { ($0.statedDataSize, $0.statedRIFFSize) = (0, 36) }, .repaired),
            Case("a stream", with { ($0.statedDataSize, $0.statedRIFFSize) = (.max, .max) }, .repaired),
            Case("a stream in a whole file", with { $0.statedDataSize = .max }, .repaired),
            Case(
                "a stream with a comment behind it",
                with { ($0.statedDataSize, $0.statedRIFFSize, $0.afterData) = (.max, .max, comment) }, .repaired),
            Case(
                "sizes 0, cut within a sample",
                Array(with { ($0.statedDataSize, $0.statedRIFFSize) = (0, 0) }.dropLast(3)), .refused(.truncated)),
            Case(
                "sizes 0, preallocated",
                with {
                    ($0.statedDataSize, $0.statedRIFFSize) = (0, 0)
                    $0.data += [UInt8](repeating: 0, count: 8192)
                }, .refused(.malformed)),
            Case(
                "both sizes 44 too big",
                with { ($0.statedDataSize, $0.statedRIFFSize) = (byteCount + 44, byteCount + 80) }, .repaired),
            Case("data size 44 too big", with { $0.statedDataSize = byteCount + 44 }, .repaired),
            Case("data size doubled", with { $0.statedDataSize = 2 * byteCount }, .repaired),
            Case("data size odd, one too big", with { $0.statedDataSize = byteCount + 1 }, .repaired),
            Case("data size one too small", with { $0.statedDataSize = byteCount - 1 }, .refused(.malformed)),
            Case("data size a sample too small", with { $0.statedDataSize = byteCount - 2 }, .refused(.malformed)),
            Case("data size halved", with { $0.statedDataSize = byteCount / 2 }, .refused(.malformed)),
            Case(
                "both sizes promise more", with { ($0.statedDataSize, $0.statedRIFFSize) = (9000, 9036) },
                .refused(.truncated)),
            Case("RIFF size of the whole file", with { $0.statedRIFFSize = byteCount + 44 }, .repaired),
            Case("RIFF size wrong in its top byte", with { $0.statedRIFFSize = 0x6100_0000 }, .repaired),
            Case(
                "data size covers the comment behind",
                with {
                    $0.statedDataSize = byteCount + UInt32(comment.count); $0.afterData = comment
                }, .repaired),
            Case(
                "data size covers a tag behind",
                with {
                    $0.statedDataSize = byteCount + 128; $0.afterData = id3v1
                }, .repaired),
            Case(
                "data size covers a damaged comment",
                with {
                    let tail = lyingChunk("LIST", size: 9, Array("INFOICMT raw data".utf8))
                    ($0.statedDataSize, $0.afterData) = (byteCount + UInt32(tail.count), tail)
                }, .refused(.malformed)),
            Case("sizes in ds64", longSizes(riff: byteCount + 72, data: byteCount), .sound),
            Case("sizes 0 in ds64", longSizes(riff: 0, data: 0), .repaired),
            Case("half the size in ds64", longSizes(riff: byteCount + 72, data: byteCount / 2), .refused(.malformed)),
        ]
    }()

    private static func longSizes(riff: UInt32, data: UInt32) -> [UInt8] {
        with {
            $0.magic = "RF64"
            $0.beforeFormat = chunk(
                "ds64", littleEndian(UInt64(riff)) + littleEndian(UInt64(data)) + [UInt8](repeating: 0, count: 12))
            ($0.statedRIFFSize, $0.statedDataSize) = (.max, .max)
        }
    }

    static let chunks: [Case] = [
        Case("a tag before", id3 + sound.bytes, .repaired),
        Case("a padded tag before", id3 + [UInt8](repeating: 0, count: 100) + sound.bytes, .repaired),
        Case("two tags before", id3 + id3 + sound.bytes, .repaired),
        Case("a tag whose size is wrong before", Array(id3.dropLast(2)) + sound.bytes, .refused(.notAudio)),
        Case("ID3v1 behind", followed(by: id3v1), .repaired),
        Case("ID3v2 behind", followed(by: id3), .repaired),
        Case("XMP behind", followed(by: xmp), .repaired),
        Case("zeros behind", followed(by: [UInt8](repeating: 0, count: 32768)), .repaired),
        Case("a second file behind", followed(by: sound.bytes), .repaired),
        Case("what looks like a chunk behind", followed(by: Array("abcd\u{1}\u{0}\u{0}\u{0}efg".utf8)), .repaired),
        Case("XMP behind, counted in", with { $0.afterData = xmp }, .repaired),
        Case("zeros behind, counted in", with { $0.afterData = [UInt8](repeating: 0, count: 4096) }, .repaired),
        Case(
            "bytes of unknown kind behind, counted in", with { $0.afterData = [9, 8, 7, 6, 5, 4] }, .refused(.malformed)
        ),
        Case(
            "a comment behind, its size half",
            with { $0.afterData = lyingChunk("LIST", size: 15, Array("INFOICMT raw data of a logger ".utf8)) },
            .repaired),
        Case("a cut comment behind", Array(with { $0.afterData = comment }.dropLast(9)), .repaired),
        Case(
            "good chunks all around",
            with {
                $0.beforeFormat =
                    chunk("bext", [UInt8](repeating: 1, count: 602)) + chunk("iXML", Array("<a>data</a>".utf8))
                $0.beforeData = chunk("FLLR", [UInt8](repeating: 0, count: 4016)) + chunk("PEAD", [1, 2, 3])
                $0.afterData =
                    chunk("cue ", [UInt8](repeating: 0, count: 28)) + chunk("axml", Array("<data/>".utf8)) + comment
            }, .sound),
        Case("a comment whose words are chunk names", with { $0.beforeData = comment }, .sound),
        Case(
            "a tag within a chunk, without pad", with { $0.beforeData = chunk("id3 ", id3 + [1], isPadded: false) },
            .sound),
        Case("zeros between chunks", with { $0.beforeData = [UInt8](repeating: 0, count: 52) }, .repaired),
        Case("zeros before the format", with { $0.beforeFormat = [UInt8](repeating: 0, count: 18) }, .repaired),
        Case(
            "a comment whose size counts half",
            with {
                $0.beforeData = lyingChunk("LIST", size: 17, Array("INFOICMT raw data of the data logger ".utf8) + [0])
            }, .repaired),
        Case(
            "a comment whose size ends at the word data",
            with {
                $0.beforeData = lyingChunk("LIST", size: 16, Array("INFOICMT raw xy data of a logger".utf8))
            }, .repaired),
        Case(
            "bext whose size counts too much",
            with {
                $0.beforeData = lyingChunk("bext", size: 5000, [UInt8](repeating: 0x41, count: 602))
            }, .repaired),
        Case(
            "a damaged comment in a stream",
            with {
                $0.beforeData = lyingChunk("LIST", size: 17, Array("INFOICMT raw data of the data logger ".utf8) + [0])
                ($0.statedDataSize, $0.statedRIFFSize) = (.max, .max)
            }, .refused(.malformed)),
        Case(
            "a damaged comment that shifts by a byte",
            with {
                $0.beforeData = lyingChunk("LIST", size: 90, Array("INFOICMT raw data of a log".utf8) + [0])
            }, .refused(.malformed)),
        Case("the name of the samples in capitals", with { $0.dataName = "DATA" }, .repaired),
        Case("no chunk of samples", with { $0.dataName = "beta" }, .refused(.truncated)),
        Case("samples twice", with { $0.afterData = chunk("data", [1, 2, 3, 4]) }, .refused(.malformed)),
        Case("samples before the format", with { $0.beforeFormat = chunk("data", [1, 2]) }, .refused(.malformed)),
        Case("another file among the samples", with { $0.data += sound.bytes + [1, 2, 3, 4] }, .refused(.malformed)),
    ]

    static let formats: [Case] = [
        Case("12 of 16 bits", with { $0.bits = 12 }, .refused(.malformed)),
        Case("24 bits in four bytes", wideFile { ($0.bits, $0.blockAlign) = (24, 4) }, .sound),
        Case(
            "24 bits in the lower three of four bytes",
            wideFile {
                ($0.bits, $0.blockAlign) = (24, 4)
                $0.data = samples.flatMap { littleEndian(Int32($0) << 8) }
            }, .refused(.malformed)),
        Case(
            "floating point called 24 bits in four bytes",
            wideFile {
                ($0.bits, $0.blockAlign) = (24, 4)
                $0.data = floats.enumerated().map { $0.offset % 4 == 0 ? $0.element | 1 : $0.element }
            }, .refused(.malformed)),
        Case("floating point called integers", wideFile { $0.data = floats }, .refused(.malformed)),
        Case("integers called floating point", wideFile { $0.formatTag = 3 }, .refused(.notFinite)),
        Case("24 valid bits of 32", extensible(valid: 24), .sound),
        Case("0 valid bits of 32", extensible(valid: 0), .sound),
        Case(
            "24 valid bits, and more in use",
            extensible(
                valid: 24,
                data: wide.enumerated().map {
                    $0.offset % 4 == 0 ? 1 : $0.element
                }), .sound),
        Case(
            "24 valid bits in the lower three of four bytes",
            extensible(
                valid: 24, data: samples.flatMap { littleEndian(Int32($0) << 8 | 5) }), .refused(.malformed)),
        Case(
            "an unknown identifier",
            extensible(
                valid: 32, identifier: [1, 0] + [UInt8](repeating: 7, count: 14)), .refused(.unsupportedEncoding)),
        Case(
            "an unknown identifier of 16 bits",
            extensible(
                bits: 16, valid: 16, identifier: [1, 0] + [UInt8](repeating: 0, count: 14), data: sound.data), .sound),
        Case("an extension that is missing", with { $0.formatTag = 0xfffe }, .repaired),
        Case("frames of stereo in a mono file", with { ($0.blockAlign, $0.bytesPerSecond) = (4, 32_000) }, .repaired),
        Case("frames of no bytes", with { ($0.blockAlign, $0.bytesPerSecond) = (0, 0) }, .refused(.malformed)),
        Case("no bytes each second", with { $0.bytesPerSecond = 0 }, .repaired),
        Case(
            "no bytes each second at an odd rate", with { ($0.bytesPerSecond, $0.sampleRateHz) = (0, 16_384) },
            .refused(.malformed)),
        Case("bits each second", with { $0.bytesPerSecond = 256_000 }, .repaired),
        Case("another rate", with { ($0.bytesPerSecond, $0.sampleRateHz) = (32_000, 48_000) }, .refused(.malformed)),
        Case("another number of channels", with { ($0.channelCount, $0.blockAlign) = (2, 2) }, .refused(.malformed)),
        Case("other bits", with { ($0.bits, $0.blockAlign) = (8, 2) }, .refused(.malformed)),
        Case("MP3 within", with { $0.formatTag = 0x55 }, .refused(.unsupportedEncoding)),
    ]

    static let others: [Case] = [
        ("RIFX\u{0}\u{0}\u{0}\u{0}WAVEfmt ", "big-endian"), ("FORM\u{0}\u{0}\u{0}\u{0}AIFFCOMM", "AIFF"),
        ("OggS\u{0}", "Ogg"),
        ("riff.......", "Wave64"), (".snd\u{0}\u{0}\u{0}\u{18}", "AU"), ("caff\u{0}\u{1}", "CAF"),
        ("....ftypM4A ", "MPEG-4"),
        ("PK\u{3}\u{4}....", "archive"), ("version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        ("<!doctype html>", "text"), ("RIFF____AVI LIST", "without sound"), ("abcdefgh", "neither"),
    ].map { text, reason in Case(reason, Array(text.utf8), .refused(.notAudio)) }

    @Test(arguments: sizes + chunks + formats + others) func soundOrRefused(file: Case) throws {
        do throws(AudioError) {
            let recording = try AudioDecoder.decode(file.bytes, name: "clip.wav")
            #expect(
                recording.samples == Self.samples.map { Float($0) / 32768 } || file.testDescription.contains("in use"))
            #expect(file.outcome == (recording.warnings.isEmpty ? .sound : .repaired), "\(recording.warnings)")
        } catch {
            #expect(file.outcome == .refused(error.code), "\(error)")
            #expect(error.description.hasPrefix("clip.wav: "))
        }
    }

    @Test(arguments: others) func whatItIsInsteadIsNamed(file: Case) {
        let error = #expect(throws: AudioError.self) { try AudioDecoder.decode(file.bytes, name: "clip.wav") }
        #expect(error?.description.contains(file.testDescription) == true)
    }
}
