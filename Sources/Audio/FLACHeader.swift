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
    }

    /// The first bytes of the file as libsndfile accepts them: it reads only files that call themselves 8, 16 or 24 bits
    /// deep, though its decoder follows what each frame says of its own depth. Other depths are called 24.
    func acceptableStart(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var start = Array(bytes[..<Self.byteCount])
        if ![8, 16, 24].contains(bitsPerSample) {
            // Bits 4...0 of the depth less one lie across two bytes.
            let depth: UInt8 = 24 - 1
            start[20] = start[20] & ~1 | depth >> 4
            start[21] = start[21] & 0x0f | depth << 4
        }
        return start
    }
}
