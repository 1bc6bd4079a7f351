/// The STREAMINFO block that opens every FLAC file.
///
/// Source: RFC 9639, section 8.2.
struct FLACHeader {
    let sampleRateHz: Int
    let channelCount: Int
    let bitsPerSample: Int
    /// Nil where the encoder did not know.
    let frameCount: Int?
    /// The MD5 digest of the samples; nil where the encoder left it out.
    let digest: [UInt8]?

    /// Where the first frame begins, behind all metadata.
    let firstFrame: Int

    /// The depths that a frame can state itself; of others only STREAMINFO tells.
    private static let depths: Set = [8, 12, 16, 20, 24, 32]
    /// Magic, block header and STREAMINFO.
    private static let byteCount = 42

    init(_ bytes: UnsafeRawBufferPointer, clip: String) throws(AudioError) {
        guard bytes.count >= Self.byteCount else {
            throw AudioError(.truncated, clip: clip, "ends within its header. Send it again.")
        }
        guard bytes[4] & 0x7f == 0, bytes.bigEndian(at: 4, as: UInt32.self) & 0xff_ffff == 34 else {
            throw AudioError(.malformed, clip: clip, "the FLAC header is damaged. Send it again.")
        }
        let packed: UInt64 = bytes.bigEndian(at: 18)
        sampleRateHz = Int(packed >> 44)
        channelCount = Int(packed >> 41 & 7) + 1
        bitsPerSample = Int(packed >> 36 & 31) + 1
        guard Self.depths.contains(bitsPerSample) else {
            throw AudioError(
                .unsupportedEncoding, clip: clip,
                "has samples of \(bitsPerSample) bits. Send FLAC of 8, 12, 16, 20, 24 or 32 bits.")
        }
        let total = Int(packed & 0xf_ffff_ffff)
        frameCount = total == 0 ? nil : total
        let digest = Array(bytes[26..<42])
        self.digest = digest.allSatisfy { $0 == 0 } ? nil : digest
        firstFrame = try Self.end(ofMetadata: bytes, clip: clip)
        try checkFirstFrame(FLACFrameHeader(bytes, at: firstFrame, clip: clip), clip: clip)
    }

    /// Follows the metadata from block to block.
    private static func end(ofMetadata bytes: UnsafeRawBufferPointer, clip: String) throws(AudioError) -> Int {
        var position = 4
        var isLast = false
        while !isLast {
            guard position <= bytes.count - 4 else {
                throw AudioError(.truncated, clip: clip, "ends within its metadata. Send it again.")
            }
            isLast = bytes[position] & 0x80 != 0
            position += 4 + Int(bytes.bigEndian(at: position, as: UInt32.self) & 0xff_ffff)
        }
        return position
    }

    /// A frame states what it holds once more, under a checksum; STREAMINFO has none.
    private func checkFirstFrame(_ frame: FLACFrameHeader, clip: String) throws(AudioError) {
        guard frame.isFirst else {
            throw AudioError(.truncated, clip: clip, "begins in the middle of a recording. Send it again.")
        }
        let differences = [
            (frame.sampleRateHz ?? sampleRateHz, sampleRateHz, "Hz"), (frame.channelCount, channelCount, "channel(s)"),
            (frame.bitsPerSample ?? bitsPerSample, bitsPerSample, "bits"),
        ].filter { $0.0 != $0.1 }
        if let (inFrame, inHeader, unit) = differences.first {
            throw AudioError(
                .malformed, clip: clip,
                "has \(inHeader) \(unit) according to its header and \(inFrame) according to its frames. "
                    + "Check the program that wrote it.")
        }
    }

    /// The first bytes of the file as libsndfile accepts them. It reads only files that call themselves 8, 16 or 24 bits
    /// deep, though its decoder follows what each frame says of its own depth: other depths are called 24. The length is
    /// called unknown, so that frames can be counted that the header denies.
    func acceptableStart(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var start = Array(bytes[..<Self.byteCount])
        if ![8, 16, 24].contains(bitsPerSample) {
            // Bits 4...0 of the depth less one lie across two bytes.
            let depth: UInt8 = 24 - 1
            start[20] = start[20] & ~1 | depth >> 4
            start[21] = start[21] & 0x0f | depth << 4
        }
        start[21] &= 0xf0
        for place in 22..<26 { start[place] = 0 }
        return start
    }
}
