/// The `fmt ` chunk of a WAV file: how samples are encoded.
///
/// Source: Microsoft, "Multiple Channel Audio Data and WAVE Files" (WAVEFORMATEX, WAVEFORMATEXTENSIBLE).
struct WaveFormat: Hashable {
    enum Encoding: UInt16 {
        case pcm = 1
        case float = 3
        case aLaw = 6
        case muLaw = 7
    }

    let encoding: Encoding
    let channelCount: Int
    let sampleRateHz: Int
    /// Bytes that one sample occupies. Fewer valid bits lie in its upper part, so they need no care.
    let sampleByteCount: Int

    var frameByteCount: Int { channelCount * sampleByteCount }

    /// The largest positive value that the encoding expresses.
    var fullScale: Float {
        switch encoding {
        case .pcm where sampleByteCount < 4: 1 - 1 / Float(1 << (8 * sampleByteCount - 1))
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
        var tag: UInt16 = body.littleEndian(at: 0)
        if tag == 0xfffe {
            guard body.count >= 40 else { throw malformed("its extension is missing") }
            tag = body.littleEndian(at: 24)
        }
        guard let encoding = Encoding(rawValue: tag) else {
            throw AudioError(
                .unsupportedEncoding, clip: clip,
                "is encoded with WAV format \(tag). Send PCM, floating point, A-law or mu-law, or FLAC.")
        }
        self.encoding = encoding
        channelCount = Int(body.littleEndian(at: 2, as: UInt16.self))
        sampleRateHz = Int(body.littleEndian(at: 4, as: UInt32.self))
        let frameByteCount = Int(body.littleEndian(at: 12, as: UInt16.self))
        let bits = Int(body.littleEndian(at: 14, as: UInt16.self))
        sampleByteCount = (bits + 7) / 8

        let allowed: ClosedRange<Int> =
            switch encoding {
            case .pcm: 1...4
            case .float: 4...8
            case .aLaw, .muLaw: 1...1
            }
        guard allowed.contains(sampleByteCount), encoding != .float || bits == 32 || bits == 64 else {
            throw AudioError(
                .unsupportedEncoding, clip: clip, "has samples of \(bits) bits. Send 8, 16, 24 or 32 bits, or FLAC.")
        }
        guard frameByteCount == self.frameByteCount else {
            throw malformed("\(channelCount) channels of \(bits) bits do not make frames of \(frameByteCount) bytes")
        }
    }

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
