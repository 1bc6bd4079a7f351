/// A dictionary as Python prints it, read in one pass: texts as keys; as values texts, words, tuples and lists, which are
/// kept as they stand.
struct PythonDictionary {
    private(set) var entries: [String: String] = [:]
    private let bytes: Slice<UnsafeRawBufferPointer>
    private var position: Int

    /// - Parameter bytes: the dictionary, with white space around it and nothing else.
    /// - Returns: nil where that is not what the bytes are, or a key is there twice.
    init?(_ bytes: Slice<UnsafeRawBufferPointer>) {
        self.bytes = bytes
        position = bytes.startIndex
        guard readDictionary() else { return nil }
        skipSpace()
        guard position == bytes.endIndex else { return nil }
    }

    private mutating func readDictionary() -> Bool {
        guard take("{") else { return false }
        while !take("}") {
            guard let key = readText(), take(":"), let value = readValue(), entries[key] == nil else { return false }
            entries[key] = value
            guard take(",") || next == UInt8(ascii: "}") else { return false }
        }
        return true
    }

    /// The byte after white space, nil at the end.
    private var next: UInt8? {
        mutating get {
            skipSpace()
            return position < bytes.endIndex ? bytes[position] : nil
        }
    }

    private mutating func skipSpace() {
        while position < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func readText() -> String? {
        guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
        let text = bytes[(position + 1)...].prefix { $0 != quote }
        guard text.endIndex < bytes.endIndex else { return nil }
        position = text.endIndex + 1
        return String(validating: text, as: UTF8.self)
    }

    private mutating func readValue() -> String? {
        switch next {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return readText()
        case UInt8(ascii: "("): return read(through: ")")
        case UInt8(ascii: "["): return read(through: "]")
        default:
            let word = bytes[position...].prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}") }
            position = word.endIndex
            return String(validating: word, as: UTF8.self)?.split(separator: " ").joined(separator: " ")
        }
    }

    /// A tuple or a list, as it stands; the lists of structured types nest.
    private mutating func read(through closing: Unicode.Scalar) -> String? {
        let opening = bytes[position]
        var depth = 0
        for place in position..<bytes.endIndex {
            if bytes[place] == opening { depth += 1 }
            if bytes[place] == UInt8(ascii: closing) { depth -= 1 }
            guard depth == 0 else { continue }
            defer { position = place + 1 }
            return String(validating: bytes[position...place], as: UTF8.self)
        }
        return nil
    }
}
