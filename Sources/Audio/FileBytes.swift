/// The four characters that name a chunk, "RIFF" or "data".
struct FourCC: Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    let code: UInt32

    init(code: UInt32) {
        self.code = code
    }

    init(stringLiteral text: String) {
        code = text.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Whether all four are printable ASCII, as in every chunk name that exists.
    var isPrintable: Bool { Self.isPrintable(code) }

    /// The name as old recorders should have written it: "data" for "DATA".
    var lowercased: FourCC { FourCC(code: code | 0x2020_2020) }

    var description: String {
        String(decoding: (0..<4).map { UInt8(truncatingIfNeeded: code >> (8 * $0)) }, as: UTF8.self)
    }

    /// Whether four bytes are all printable ASCII.
    static func isPrintable(_ code: UInt32) -> Bool {
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

    /// Whether these characters stand at an offset, which may lie anywhere.
    func holds(_ text: StaticString, at offset: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard offset >= 0, offset <= count - length else { return false }
        return UnsafeRawBufferPointer(rebasing: self[offset..<offset + length]).elementsEqual(
            UnsafeBufferPointer(start: text.utf8Start, count: length))
    }
}

extension [UInt8] {
    mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
