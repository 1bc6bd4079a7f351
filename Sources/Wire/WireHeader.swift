/// Frame [0] of every message: 16 bytes, little-endian, read and written without allocation.
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 4 | magic `AUSC` |
/// | 4 | 1 | major version |
/// | 5 | 1 | minor version |
/// | 6 | 2 | command |
/// | 8 | 4 | flags: none is defined; sent as 0, ignored when received |
/// | 12 | 4 | sequence |
package struct WireHeader: Hashable, Sendable {
    package static let byteCount = 16
    package static let major: UInt8 = 1
    /// Highest minor version this program speaks; it understands the one before too.
    package static let minor: UInt8 = 0
    /// As people write it.
    package static let version = "\(major).\(minor)"

    package var major: UInt8
    package var minor: UInt8
    /// Number of the command, known to this version or not.
    package var command: UInt16
    package var flags: UInt32
    /// Chosen by the sender of a request; its answer carries the same number. 0 where nothing is answered.
    package var sequence: UInt32

    package init(
        major: UInt8 = Self.major, minor: UInt8 = Self.minor, command: UInt16, flags: UInt32 = 0, sequence: UInt32 = 0
    ) {
        self.major = major
        self.minor = minor
        self.command = command
        self.flags = flags
        self.sequence = sequence
    }

    /// Returns nil unless `bytes` are exactly 16 and begin with the magic.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount, bytes.prefix(4).elementsEqual("AUSC".utf8) else { return nil }
        major = bytes[4]
        minor = bytes[5]
        command = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self))
        flags = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        sequence = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
    }

    /// Writes 16 bytes.
    package func write(to bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count == Self.byteCount, "a header has \(Self.byteCount) bytes, not \(bytes.count)")
        bytes.copyBytes(from: "AUSC".utf8)
        bytes[4] = major
        bytes[5] = minor
        bytes.storeBytes(of: command.littleEndian, toByteOffset: 6, as: UInt16.self)
        bytes.storeBytes(of: flags.littleEndian, toByteOffset: 8, as: UInt32.self)
        bytes.storeBytes(of: sequence.littleEndian, toByteOffset: 12, as: UInt32.self)
    }
}
