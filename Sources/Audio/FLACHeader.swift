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

    init(_ bytes: UnsafeRawBufferPointer, clip: String) throws(AudioError) {
        guard bytes.count >= 42 else {
            throw AudioError(.truncated, clip: clip, "ends within its header. Send it again.")
        }
        guard bytes[4] & 0x7f == 0, bytes.bigEndian(at: 4, as: UInt32.self) & 0xff_ffff == 34 else {
            throw AudioError(.malformed, clip: clip, "the FLAC header is damaged. Send it again.")
        }
        let packed: UInt64 = bytes.bigEndian(at: 18)
        sampleRateHz = Int(packed >> 44)
        channelCount = Int(packed >> 41 & 7) + 1
        bitsPerSample = Int(packed >> 36 & 31) + 1
        let total = Int(packed & 0xf_ffff_ffff)
        frameCount = total == 0 ? nil : total
        let digest = Array(bytes[26..<42])
        self.digest = digest.allSatisfy { $0 == 0 } ? nil : digest
    }
}
