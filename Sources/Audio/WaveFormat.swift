/// The `fmt ` chunk of a WAV file: how samples are encoded.
///
/// A rate, the bytes of a frame and the bytes of a second are written though one follows from the others. They are held
/// against each other: a number that alone disagrees is replaced, and where nobody can tell which one is wrong the file is
/// refused.
///
/// Source: Microsoft, "Multiple Channel Audio Data and WAVE Files" (WAVEFORMATEX, WAVEFORMATEXTENSIBLE).
struct WaveFormat: Hashable {
    enum Encoding: UInt16 {
        case pcm = 1
        case float = 3
        case aLaw = 6
        case muLaw = 7
    }

    /// Where a sample of fewer bits lies in the bytes it occupies.
    enum Justification {
        /// It fills them.
        case full
        /// In the upper bits, as the standard demands.
        case upper
        /// The header does not say so itself: only samples whose lower bits are all 0 lie in the upper ones.
        case unproven
    }

    let encoding: Encoding
    let channelCount: Int
    let sampleRateHz: Int
    /// Bytes that one sample occupies. Fewer valid bits lie in its upper part, so they need no care.
    let sampleByteCount: Int
    let validBits: Int
    let justification: Justification
    let warnings: [Recording.Warning]

    var frameByteCount: Int { channelCount * sampleByteCount }

    /// The largest positive value that the encoding expresses.
    var fullScale: Float {
        switch encoding {
        case .pcm where validBits < 25: 1 - 1 / Float(1 << (validBits - 1))
        case .pcm, .float: 1
        case .aLaw: 32256 / 32768
        case .muLaw: 32124 / 32768
        }
    }

    /// Reads the body of the chunk, refusing what contradicts itself.
    init(_ body: UnsafeRawBufferPointer, clip: String) throws(AudioError) {
        func malformed(_ what: String) -> AudioError {
            AudioError(.malformed, clip: clip, "the WAV format is malformed: \(what). Check the recorder.")
        }
        guard body.count >= 16 else { throw malformed("its description has \(body.count) bytes") }
        let bits = Int(body.littleEndian(at: 14, as: UInt16.self))
        let (encoding, isExtended) = try Self.encoding(body, bits: bits, clip: clip)
        let channelCount = Int(body.littleEndian(at: 2, as: UInt16.self))
        let rate = Int(body.littleEndian(at: 4, as: UInt32.self))
        let bytesPerSecond = Int(body.littleEndian(at: 8, as: UInt32.self))
        let bytesPerFrame = Int(body.littleEndian(at: 12, as: UInt16.self))
        func isProduct(_ rate: Int, _ frame: Int) -> Bool {
            bytesPerSecond == Int(UInt32(truncatingIfNeeded: rate * frame))
        }

        let least = (bits + 7) / 8
        let allowed: ClosedRange<Int> =
            switch encoding {
            case .pcm: 1...4
            case .float: 4...8
            case .aLaw, .muLaw: 1...1
            }
        guard allowed.contains(least), encoding != .float || bits == 32 || bits == 64 else {
            throw AudioError(
                .unsupportedEncoding, clip: clip, "has samples of \(bits) bits. Send 8, 16, 24 or 32 bits, or FLAC.")
        }

        var warnings: [Recording.Warning] = isExtended ? [] : Self.missingExtension(body)
        let natural = channelCount * least
        // No other encoding has 16 or 24 bits, so that one number more may be wrong.
        if bytesPerFrame == natural || rate > 0 && [16, 24].contains(bits) && isProduct(rate, natural) {
            sampleByteCount = least
        } else if encoding == .pcm, channelCount > 0, bytesPerFrame % channelCount == 0,
            (least...4).contains(bytesPerFrame / channelCount)
        {
            sampleByteCount = bytesPerFrame / channelCount
        } else {
            throw malformed("\(channelCount) channels of \(bits) bits do not make frames of \(bytesPerFrame) bytes")
        }
        let frame = channelCount * sampleByteCount
        if bytesPerFrame != frame { warnings.append(.wrongFormatField) }
        if !isProduct(rate, frame) {
            guard Self.confirms(bytesPerSecond, rate: rate, frame: frame, channelCount: channelCount) else {
                throw malformed(
                    "\(rate) frames of \(frame) bytes each second are not \(bytesPerSecond) bytes each second")
            }
            warnings.append(.wrongFormatField)
        }

        let container = 8 * sampleByteCount
        let stated = isExtended ? Int(body.littleEndian(at: 18, as: UInt16.self)) : bits
        let valid = (1...container).contains(stated) ? min(stated, bits) : bits
        self.encoding = encoding
        self.channelCount = channelCount
        sampleRateHz = rate
        validBits = valid
        justification =
            encoding != .pcm || valid == container ? .full : isExtended && bits == container ? .upper : .unproven
        self.warnings = warnings
    }

    /// What the tag says, or the extension in its place; whether there is an extension.
    private static func encoding(
        _ body: UnsafeRawBufferPointer, bits: Int, clip: String
    ) throws(AudioError) -> (Encoding, isExtended: Bool) {
        var tag: UInt16 = body.littleEndian(at: 0)
        let isExtended = tag == extensible && body.count >= 40
        if isExtended {
            tag = body.littleEndian(at: 24)
            let identifier = body[26..<40]
            guard identifiers.contains(where: { identifier.elementsEqual($0) }) || bits == 16 || bits == 24 else {
                throw AudioError(
                    .unsupportedEncoding, clip: clip,
                    "is encoded in a way that only its writer knows. Send PCM or floating point, or FLAC.")
            }
        } else if tag == extensible, bits == 16 || bits == 24 {
            // No other encoding has so many bits.
            tag = Encoding.pcm.rawValue
        }
        guard let encoding = Encoding(rawValue: tag) else {
            let name = names[tag].map { " (\($0))" } ?? ""
            throw AudioError(
                .unsupportedEncoding, clip: clip,
                "is encoded with WAV format \(tag)\(name). Send PCM, floating point, A-law or mu-law, or FLAC.")
        }
        return (encoding, isExtended)
    }

    private static let extensible: UInt16 = 0xfffe

    /// The ends of the identifiers whose beginning is a tag: Microsoft's, and that of ambisonic recordings.
    private static let identifiers: [[UInt8]] = [
        [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71],
        [0, 0, 0x21, 0x07, 0xd3, 0x11, 0x86, 0x44, 0xc8, 0xc1, 0xca, 0, 0, 0],
    ]

    private static let names: [UInt16: String] = [
        2: "ADPCM", 0x11: "ADPCM", 0x31: "GSM", 0x50: "MPEG", 0x55: "MP3", 0x92: "AC-3", 0xff: "AAC", 0x161: "WMA",
        0x162: "WMA", 0x674f: "Ogg Vorbis", 0xf1ac: "FLAC in WAV",
    ]

    private static func missingExtension(_ body: UnsafeRawBufferPointer) -> [Recording.Warning] {
        body.littleEndian(at: 0, as: UInt16.self) == extensible ? [.wrongFormatField] : []
    }

    /// Whether a wrong number of bytes each second is one of the mistakes that writers make and so confirms the rate: bits
    /// in place of bytes, channels forgotten, frames counted, or nothing stated beside a rate that is usual.
    private static func confirms(_ bytesPerSecond: Int, rate: Int, frame: Int, channelCount: Int) -> Bool {
        if bytesPerSecond == 0 { return usualRates.contains(rate) }
        return [8 * rate * frame, rate * frame / max(1, channelCount), rate].contains(bytesPerSecond)
    }

    private static let usualRates: Set = [
        8_000, 11_025, 12_800, 16_000, 22_050, 24_000, 25_600, 32_000, 44_100, 48_000, 51_200, 88_200, 96_000, 102_400,
        176_400, 192_000,
    ]

    /// A complete header for `byteCount` bytes of samples, as any reader of WAV expects it.
    func canonicalHeader(byteCount: Int) -> [UInt8] {
        var header = Array("RIFF".utf8)
        header.append(littleEndian: UInt32(36 + byteCount))
        header += Array("WAVEfmt ".utf8)
        header.append(littleEndian: UInt32(16))
        header.append(littleEndian: encoding.rawValue)
        header.append(littleEndian: UInt16(channelCount))
        header.append(littleEndian: UInt32(sampleRateHz))
        header.append(littleEndian: UInt32(sampleRateHz * frameByteCount))
        header.append(littleEndian: UInt16(frameByteCount))
        header.append(littleEndian: UInt16(8 * sampleByteCount))
        header += Array("data".utf8)
        header.append(littleEndian: UInt32(byteCount))
        return header
    }
}
