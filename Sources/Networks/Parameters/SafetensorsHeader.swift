/// Reads the JSON header of a safetensors file: the small part of JSON that the format uses. Metadata should be texts; other
/// programs write numbers and more, which are kept as the text that stands there.
///
/// It never recurses, so no header can exhaust the stack, and it sees duplicate names, which a dictionary would hide.
struct SafetensorsHeader {
    struct Entry {
        var name: String
        var typeName = ""
        var shape: [Int] = []
        var offsets: [Int] = []
    }

    private(set) var entries: [Entry] = []
    private(set) var metadata: [String: String] = [:]

    /// More tensors, sides of a tensor or entries of metadata than any network has.
    private static let most = (tensors: 1 << 16, sides: 32, metadata: 1 << 16)
    /// Brackets within brackets, in metadata.
    private static let greatestDepth = 32

    private let bytes: ArraySlice<UInt8>
    private let file: String
    private var position: Int

    init(decoding bytes: ArraySlice<UInt8>, file: String) throws(SafetensorsError) {
        self.bytes = bytes
        self.file = file
        position = bytes.startIndex
        var names: Set<String> = []
        var sawMetadata = false
        try readObject { (header, name) throws(SafetensorsError) in
            if name == "__metadata__" {
                guard !header.take("null") else { return }
                guard !sawMetadata else { throw header.failure(.duplicateName, "it has two metadata sections") }
                sawMetadata = true
                try header.readMetadata()
            } else {
                guard header.entries.count < Self.most.tensors else {
                    throw header.failure(.headerTooLarge, "it has more than \(Self.most.tensors) tensors")
                }
                guard names.insert(name).inserted else {
                    throw header.failure(.duplicateName, "it has two tensors named \(name)")
                }
                try header.entries.append(header.readEntry(name))
            }
        }
        skipSpace()
        guard position == bytes.endIndex else { throw malformed("something follows the closing brace") }
    }

    private mutating func readMetadata() throws(SafetensorsError) {
        try readObject { (header, key) throws(SafetensorsError) in
            guard let value = try header.readMetadataValue() else { return }
            guard header.metadata.updateValue(value, forKey: key) == nil else {
                throw header.failure(.duplicateName, "its metadata has the key \(key) twice")
            }
            guard header.metadata.count <= Self.most.metadata else {
                throw header.failure(.headerTooLarge, "it has more than \(Self.most.metadata) entries of metadata")
            }
        }
    }

    private mutating func readEntry(_ name: String) throws(SafetensorsError) -> Entry {
        var entry = Entry(name: name)
        var seen: Set<String> = []
        try readObject { (header, key) throws(SafetensorsError) in
            guard seen.insert(key).inserted else { throw header.malformed("\(name) has two \(key) fields") }
            switch key {
            case "dtype": entry.typeName = try header.readString()
            case "shape": entry.shape = try header.readIntegers()
            case "data_offsets": entry.offsets = try header.readIntegers()
            default: throw header.malformed("\(name) has the unknown field \(key)")
            }
        }
        guard seen.count == 3 else { throw malformed("\(name) lacks one of dtype, shape and data_offsets") }
        return entry
    }
}

// MARK: The tokens of JSON

extension SafetensorsHeader {
    private func failure(_ code: SafetensorsError.Code, _ reason: String) -> SafetensorsError {
        SafetensorsError(code: code, file: file, reason: reason)
    }

    private func malformed(_ reason: String) -> SafetensorsError {
        failure(.malformedHeader, "\(reason) (byte \(position) of the file)")
    }

    private mutating func skipSpace() {
        while position < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    /// Steps over `token` if it is the next that is not white space.
    private mutating func take(_ token: StaticString) -> Bool {
        skipSpace()
        let text = UnsafeBufferPointer(start: token.utf8Start, count: token.utf8CodeUnitCount)
        guard bytes[position...].starts(with: text) else { return false }
        position += text.count
        return true
    }

    private mutating func expect(_ token: StaticString) throws(SafetensorsError) {
        guard take(token) else { throw malformed("its header lacks a \(token)") }
    }

    /// Calls `readValue` at each value of an object, with the key before it.
    private mutating func readObject(
        _ readValue: (inout Self, String) throws(SafetensorsError) -> Void
    ) throws(SafetensorsError) {
        try expect("{")
        if take("}") { return }
        repeat {
            let key = try readString()
            try expect(":")
            try readValue(&self, key)
        } while take(",")
        try expect("}")
    }

    private mutating func readIntegers() throws(SafetensorsError) -> [Int] {
        var integers: [Int] = []
        try expect("[")
        if take("]") { return integers }
        repeat {
            skipSpace()
            let digits = bytes[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard let integer = Int(String(decoding: digits, as: UTF8.self)) else {
                throw malformed("a whole number was expected")
            }
            position = digits.endIndex
            integers.append(integer)
            guard integers.count <= Self.most.sides else { throw malformed("a tensor has too many sides") }
        } while take(",")
        try expect("]")
        return integers
    }

    /// A value of the metadata: a text as such, null as nothing, anything else as it stands.
    private mutating func readMetadataValue() throws(SafetensorsError) -> String? {
        skipSpace()
        guard position < bytes.endIndex, bytes[position] != UInt8(ascii: "\"") else { return try readString() }
        if take("null") { return nil }
        let start = position
        var depth = 0
        while position < bytes.endIndex {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                _ = try readString()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}") where depth == 0, UInt8(ascii: ",") where depth == 0:
                return try text(start..<position)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            guard (0...Self.greatestDepth).contains(depth) else { throw malformed("its metadata nest wrongly") }
            position += 1
        }
        throw malformed("its metadata have no end")
    }

    private func text(_ range: Range<Int>) throws(SafetensorsError) -> String {
        guard !range.isEmpty, let text = String(validating: bytes[range], as: UTF8.self) else {
            throw malformed("a value of its metadata is missing or not UTF-8")
        }
        return text
    }

    private mutating func readString() throws(SafetensorsError) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while position < bytes.endIndex {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw malformed("a text is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): try text.append(contentsOf: readEscape())
            case 0..<0x20: throw malformed("a text holds a control character")
            default: text.append(byte)
            }
        }
        throw malformed("a text has no end")
    }

    private mutating func readEscape() throws(SafetensorsError) -> [UInt8] {
        guard position < bytes.endIndex else { throw malformed("a text has no end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "u"): return try readUnicodeEscape()
        default: throw malformed("a text holds an unknown escape")
        }
    }

    /// One `\uXXXX`, or the two that make up a character beyond the first 65 536.
    private mutating func readUnicodeEscape() throws(SafetensorsError) -> [UInt8] {
        var units = [try readCodeUnit()]
        if UTF16.isLeadSurrogate(units[0]), bytes[position...].starts(with: Array("\\u".utf8)) {
            position += 2
            units.append(try readCodeUnit())
        }
        guard let text = String(validating: units, as: UTF16.self) else { throw malformed("a text is not Unicode") }
        return Array(text.utf8)
    }

    private mutating func readCodeUnit() throws(SafetensorsError) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw malformed("a text holds a broken \\u escape") }
        position += 4
        return unit
    }
}
