/// The header of a FLAC frame: what the frame holds, under a checksum of eight bits.
///
/// Source: RFC 9639, section 9.1.
struct FLACFrameHeader {
    /// Whether it is the first of its stream.
    let isFirst: Bool
    let channelCount: Int
    /// Nil where only STREAMINFO says it.
    let sampleRateHz: Int?
    /// Nil where only STREAMINFO says it.
    let bitsPerSample: Int?

    private static let rates = [
        88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000,
    ]
    private static let depths = [1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32]

    init(_ bytes: UnsafeRawBufferPointer, at start: Int, clip: String) throws(AudioError) {
        let damaged = AudioError(
            .damaged, clip: clip, "the metadata of the FLAC stream do not lead to its sound. Send it again.")
        // The longest header: sync and codes, a number of seven bytes, block size, rate, checksum.
        let header = bytes[min(start, bytes.count)..<min(start + 16, bytes.count)]
        guard header.count >= 6 else {
            throw AudioError(.truncated, clip: clip, "ends before its first frame. Send it again.")
        }
        guard header[start] == 0xff, header[start + 1] & 0xfe == 0xf8, header[start + 3] & 1 == 0 else { throw damaged }
        let blockSizeCode = header[start + 2] >> 4
        let rateCode = Int(header[start + 2] & 15)
        let assignment = Int(header[start + 3] >> 4)
        let depthCode = Int(header[start + 3] >> 1 & 7)
        guard blockSizeCode != 0, rateCode != 15, assignment <= 10, depthCode != 3 else { throw damaged }

        let numberLength = max(1, (~header[start + 4]).leadingZeroBitCount)
        isFirst = header[start + 4] == 0
        let rateStart = start + 4 + numberLength + (blockSizeCode == 6 ? 1 : blockSizeCode == 7 ? 2 : 0)
        let checksumPlace = rateStart + (rateCode == 12 ? 1 : rateCode > 12 ? 2 : 0)
        guard checksumPlace < header.endIndex else {
            throw AudioError(.truncated, clip: clip, "ends within its first frame. Send it again.")
        }
        guard Self.checksum(header[start..<checksumPlace]) == header[checksumPlace] else { throw damaged }

        channelCount = assignment < 8 ? assignment + 1 : 2
        bitsPerSample = Self.depths[depthCode]
        sampleRateHz =
            switch rateCode {
            case 0: nil
            case 12: 1000 * Int(header[rateStart])
            case 13: Int(bytes.bigEndian(at: rateStart, as: UInt16.self))
            case 14: 10 * Int(bytes.bigEndian(at: rateStart, as: UInt16.self))
            default: Self.rates[rateCode - 1]
            }
    }

    /// CRC-8 with the polynomial x^8 + x^2 + x + 1.
    private static func checksum(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt8 {
        bytes.reduce(0) { checksum, byte in
            (0..<8).reduce(checksum ^ byte) { value, _ in value << 1 ^ (value & 0x80 == 0 ? 0 : 0x07) }
        }
    }
}
