/// The four characters that name a chunk, "RIFF" or "data".
struct FourCC: Hashable, ExpressibleByStringLiteral {
    let code: UInt32

    init(code: UInt32) {
        self.code = code
    }

    init(stringLiteral text: String) {
        code = text.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Whether all four are printable ASCII, as in every chunk name that exists.
    var isPrintable: Bool {
        (0..<4).allSatisfy { (0x20...0x7e).contains(code >> (8 * $0) & 0xff) }
    }
}

/// Numbers and names at any offset of a file's bytes; offsets must lie inside.
extension UnsafeRawBufferPointer {
    func littleEndian<T: FixedWidthInteger>(at offset: Int, as type: T.Type = T.self) -> T {
        T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    func bigEndian<T: FixedWidthInteger>(at offset: Int, as type: T.Type = T.self) -> T {
        T(bigEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// Nil where fewer than four bytes are left.
    func fourCC(at offset: Int) -> FourCC? {
        guard offset >= 0, offset <= count - 4 else { return nil }
        return FourCC(code: littleEndian(at: offset))
    }
}

extension [UInt8] {
    mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
