private import Crypto

/// The SHA-256 of some bytes: the name by which clips, weights and shard outputs travel.
package struct ContentHash: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 32 bytes.
    package let bytes: [UInt8]

    package init(of content: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(bufferPointer: content)
        bytes = Array(hash.finalize())
    }

    package init(of content: [UInt8]) {
        self = content.withUnsafeBytes { ContentHash(of: $0) }
    }

    /// Hashes content that lies in pieces: `body` is given a function to be called for each, in order.
    package init(ofPieces body: ((UnsafeRawBufferPointer) -> Void) -> Void) {
        var hash = SHA256()
        body { hash.update(bufferPointer: $0) }
        bytes = Array(hash.finalize())
    }

    /// Returns nil unless there are exactly 32 bytes.
    package init?(bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Reads 64 hexadecimal digits, either case.
    package init?(hexadecimal text: String) {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue.map(UInt8.init) }
        guard digits.count == 64, text.utf8.count == 64 else { return nil }
        bytes = stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// 64 lower-case hexadecimal digits.
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
