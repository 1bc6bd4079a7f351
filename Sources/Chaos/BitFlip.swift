internal import FoundationEssentials

/// One harm to the bytes of a file: a flipped bit, or an end that is gone.
struct BitFlip {
    enum Kind: Hashable { case flip, truncation }

    let kind: Kind
    /// Where, as a share of the file.
    let place: Double
    let bit: Int

    /// One harm in eight is a truncation.
    init(_ dice: inout some RandomNumberGenerator) {
        kind = Int.random(in: 0..<8, using: &dice) == 0 ? .truncation : .flip
        place = .random(in: 0..<1, using: &dice)
        bit = .random(in: 0..<8, using: &dice)
    }

    func harm(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let index = min(Int(place * Double(bytes.count)), bytes.count - 1)
        switch kind {
        case .flip: bytes[index] ^= 1 << UInt8(bit)
        case .truncation: bytes.removeLast(bytes.count - index)
        }
    }

    /// Writes in place, as a bad disk does: the file keeps its name and its mode.
    func harm(file path: String) throws {
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        harm(&bytes)
        try Data(bytes).write(to: URL(filePath: path))
    }
}

/// What came of some harms to one kind of store.
package struct BitFlipReport: Encodable, Sendable {
    private let event = "store"
    package let store: String
    package var harms = 0
    /// Pieces whose bytes were no longer what was stored.
    package var damaged = 0
    /// Of them: those that were named.
    package var named = 0
    /// Pieces that were used with other bytes than were stored.
    package var wrong = 0
    /// Damaged pieces that nobody named, and sound ones that are gone.
    package var silent = 0

    init(_ store: String) { self.store = store }

    package var isClean: Bool { wrong == 0 && silent == 0 && named == damaged }

    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
