import Audio
import Testing

/// Every encoding of WAV, against values worked out by hand or by the formula of the standard.
@Suite struct WAVDecodingTests {
    @Test func sixteenBitIsDividedBy32768() throws {
        let values: [Int16] = [0, 1, -1, 12345, .max, .min]
        let recording = try AudioDecoder.decode(WaveFile(values).bytes, name: "a.wav")
        #expect(recording.samples == values.map { Float($0) / 32768 })
        #expect(recording.sampleRateHz == 16_000)
        #expect(recording.frameCount == 6)
        #expect(recording.channelCount == 1)
        #expect(recording.warnings.isEmpty)
    }

    @Test func eightBitIsUnsigned() throws {
        let file = WaveFile(formatTag: 1, bits: 8, data: [0, 127, 128, 129, 255])
        #expect(try AudioDecoder.decode(file.bytes, name: "a.wav").samples == [-1, -1 / 128, 0, 1 / 128, 127 / 128])
    }

    @Test func twentyFourBit() throws {
        let values: [Int32] = [0, 1, -1, 0x7f_ffff, -0x80_0000, 1_234_567]
        let file = WaveFile(formatTag: 1, bits: 24, data: values.flatMap { littleEndian($0).dropLast() })
        let expected = values.map { Float($0) / 8_388_608 }
        #expect(try AudioDecoder.decode(file.bytes, name: "a.wav").samples == expected)
    }

    @Test func thirtyTwoBit() throws {
        let values: [Int32] = [0, 1 << 8, -(1 << 30), .min, 1 << 30]
        let file = WaveFile(formatTag: 1, bits: 32, data: values.flatMap { littleEndian($0) })
        let expected = values.map { Float($0) / 2_147_483_648 }
        #expect(try AudioDecoder.decode(file.bytes, name: "a.wav").samples == expected)
    }

    @Test func floatingPoint() throws {
        let values: [Float] = [0, 0.1, -1.5, 3.4e-12]
        let single = WaveFile(formatTag: 3, bits: 32, data: values.flatMap { littleEndian($0.bitPattern) })
        #expect(try AudioDecoder.decode(single.bytes, name: "a.wav").samples == values)
        let double = WaveFile(formatTag: 3, bits: 64, data: values.flatMap { littleEndian(Double($0).bitPattern) })
        #expect(try AudioDecoder.decode(double.bytes, name: "a.wav").samples == values)
    }

    /// ITU-T G.711: sign, three bits of exponent and four of mantissa, inverted on the wire.
    @Test func muLaw() throws {
        let codes = (0...255).map { UInt8($0) }
        let expected = codes.map { code in
            let bits = Int(~code)
            let magnitude = ((bits & 15) << 3 + 132) << (bits >> 4 & 7) - 132
            return Float(bits & 128 == 0 ? magnitude : -magnitude) / 32768
        }
        let recording = try AudioDecoder.decode(WaveFile(formatTag: 7, bits: 8, data: codes).bytes, name: "a.wav")
        #expect(recording.samples == expected)
        #expect(recording.fullScale == expected.max())
    }

    /// ITU-T G.711: every second bit inverted on the wire; the first two of eight segments are linear.
    @Test func aLaw() throws {
        let codes = (0...255).map { UInt8($0) }
        let expected = codes.map { code in
            let bits = Int(code ^ 0x55)
            let (segment, mantissa) = (bits >> 4 & 7, (bits & 15) << 4 + 8)
            let magnitude = segment == 0 ? mantissa : (mantissa + 256) << (segment - 1)
            return Float(bits & 128 != 0 ? magnitude : -magnitude) / 32768
        }
        let recording = try AudioDecoder.decode(WaveFile(formatTag: 6, bits: 8, data: codes).bytes, name: "a.wav")
        #expect(recording.samples == expected)
        #expect(recording.fullScale == expected.max())
    }

    /// 20 valid bits in 24, left-justified; the channel mask names a front centre loudspeaker.
    @Test func extensible() throws {
        let values: [Int32] = [0, 0x10, -0x10, 0x7f_fff0, -0x80_0000]
        var file = WaveFile(formatTag: 0xfffe, bits: 24, data: values.flatMap { littleEndian($0).dropLast() })
        let identifier: [UInt8] = [1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]
        file.formatExtension =
            littleEndian(UInt16(22)) + littleEndian(UInt16(20)) + littleEndian(UInt32(4)) + identifier
        let expected = values.map { Float($0) / 8_388_608 }
        #expect(try AudioDecoder.decode(file.bytes, name: "a.wav").samples == expected)
    }

    /// 64-bit sizes, with all ones in place of the 32-bit ones.
    @Test(arguments: ["RF64", "BW64"]) func longSizes(magic: String) throws {
        var file = WaveFile([1, 2, 3])
        file.magic = magic
        file.beforeFormat = chunk(
            "ds64",
            littleEndian(UInt64(94)) + littleEndian(UInt64(6)) + littleEndian(UInt64(3)) + littleEndian(UInt32(0)))
        file.afterData = chunk("LIST", Array("INFOtest".utf8))
        (file.statedRIFFSize, file.statedDataSize) = (.max, .max)
        let recording = try AudioDecoder.decode(file.bytes, name: "a.wav")
        #expect(recording.samples == [1, 2, 3].map { Float($0) / 32768 })
        #expect(recording.warnings.isEmpty)
    }

    @Test func metadataIsSkipped() throws {
        var file = WaveFile([5, -5])
        file.beforeFormat = chunk("bext", [UInt8](repeating: 1, count: 602))
        file.beforeData = chunk("fact", littleEndian(UInt32(2))) + chunk("iXML", Array("<a>data</a>".utf8))
        file.afterData = chunk("LIST", Array("INFOIART".utf8)) + chunk("id3 ", [1, 2, 3])
        let recording = try AudioDecoder.decode(file.bytes, name: "a.wav")
        #expect(recording.samples == [5, -5].map { Float($0) / 32768 })
        #expect(recording.warnings.isEmpty)
    }

    @Test func channelsAreChosenAndNeverMixed() throws {
        let recording = try AudioDecoder.decode(
            WaveFile([1, 10, 100, 2, 20, 200], channelCount: 3).bytes, name: "array.wav")
        #expect(recording.frameCount == 2)
        #expect(try recording.channel(1) == [10, 20].map { Float($0) / 32768 })
        let error = try #require(throws: AudioError.self) { try recording.channel(3) }
        #expect(error.code == .noSuchChannel)
        #expect(error.description.hasPrefix("array.wav: has 3 channel(s)"))
    }
}
