internal import CSupport

/// What precedes every payload in a segment file: 24 bytes, little-endian.
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 4 | magic `AREC` |
/// | 4 | 4 | CRC-32C of bytes 8 ..< 24 |
/// | 8 | 8 | bytes of the payload |
/// | 16 | 4 | CRC-32C of the payload |
/// | 20 | 4 | 0 |
///
/// Records begin at multiples of 8. What was preallocated and never written is zero, and zero is no header.
struct SegmentRecordHeader: Equatable {
    static let byteCount = 24
    private static let magic: UInt32 = 0x4345_5241

    var payloadBytes: Int64
    var payloadChecksum: UInt32

    init(payloadBytes: Int64, payloadChecksum: UInt32) {
        self.payloadBytes = payloadBytes
        self.payloadChecksum = payloadChecksum
    }

    /// Returns nil unless these are 24 bytes of a header.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount,
            UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)) == Self.magic,
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) == Self.checksum(of: bytes)
        else { return nil }
        payloadBytes = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self))
        payloadChecksum = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
    }

    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        bytes.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: Self.magic.littleEndian, as: UInt32.self)
            bytes.storeBytes(of: payloadBytes.littleEndian, toByteOffset: 8, as: Int64.self)
            bytes.storeBytes(of: payloadChecksum.littleEndian, toByteOffset: 16, as: UInt32.self)
            bytes.storeBytes(
                of: Self.checksum(of: UnsafeRawBufferPointer(bytes)).littleEndian, toByteOffset: 4, as: UInt32.self)
        }
        return bytes
    }

    private static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        auscult_crc32c(0, bytes.baseAddress.map { $0 + 8 }, byteCount - 8)
    }

    /// Where the record after one at `offset` begins.
    static func end(of payloadBytes: Int64, at offset: Int64) -> Int64 {
        (offset + Int64(byteCount) + payloadBytes + 7) & ~7
    }
}
