/// One machine of a plant: its type and its ID, written `fan/id_00`.
///
/// Both parts are one to 64 letters, digits, `_`, `-` or `.`, so that a name is safe in a path, a log line and a URL.
package struct MachineName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let type: String
    package let id: String

    /// Returns nil when a part is empty, too long or holds another character.
    package init?(type: String, id: String) {
        guard Self.isValid(type), Self.isValid(id) else { return nil }
        self.type = type
        self.id = id
    }

    /// Reads `TYPE/ID`.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        self.init(type: String(parts[0]), id: String(parts[1]))
    }

    package var description: String { "\(type)/\(id)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.type, left.id) < (right.type, right.id)
    }

    private static func isValid(_ part: String) -> Bool {
        let bytes = part.utf8
        return (1...64).contains(bytes.count) && part != "." && part != ".."
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}

/// As text, `TYPE/ID`.
extension MachineName: Codable {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let name = MachineName(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\"\(text)\" is not a machine; write TYPE/ID")
        }
        self = name
    }
}
