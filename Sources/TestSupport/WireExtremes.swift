package import Wire

/// Messages in good form whose fields hold the most extreme values there are: for every field of every command, and of
/// every message within, the ends of its range, what lies just beyond, and what arithmetic, rows and terminals stumble over.
package struct WireExtremes {
    /// One message: the sample of its command with one field replaced.
    package struct Case: CustomStringConvertible, Sendable {
        package let command: Command
        package let header: [UInt8]
        package let body: [UInt8]
        package let description: String
    }

    /// Every case of a command.
    package static func cases(of command: Command) -> [Case] {
        let sample = Envelope(WireSamples.message(of: command), sequence: 7)
        var header = [UInt8](repeating: 0, count: WireHeader.byteCount)
        header.withUnsafeMutableBytes { sample.header.write(to: $0) }
        let body = sample.message.serialized()
        return fields(of: sample.message.name, path: sample.message.name).map { field in
            Case(command: command, header: header, body: body + field.bytes, description: field.description)
        }
    }

    private typealias Field = (description: String, bytes: [UInt8])

    /// Appended to a message, a field takes the place of what is there, and a message within is merged.
    private static func fields(of message: String, path: String) -> [Field] {
        let fields = FieldRegistry.messages[message] ?? [:]
        return fields.sorted { $0.key < $1.key }.flatMap { number, field in
            values(of: field.rule, path: "\(path).\(field.name)").map { value in
                (value.description, encode(number, value))
            }
        }
    }

    private enum Value {
        case varint(UInt64)
        case double(UInt64)
        case single(UInt32)
        case bytes([UInt8])
    }

    private typealias Extreme = (description: String, value: Value, count: Int)

    private static func values(of rule: FieldRule, path: String) -> [Extreme] {
        switch rule {
        case .flag, .choice: return varints([0, 1, 2, 9, 1 << 31, .max], path)
        case .number(let range):
            return varints(edges + [range.lowerBound, range.upperBound, range.upperBound &+ 1], path)
        case .signed(let range):
            return varints(
                edges + [range.lowerBound, range.upperBound, range.upperBound &+ 1, -1].map { UInt64(bitPattern: $0) },
                path)
        case .double: return doubles.map { ("\(path) = \($0)", .double($0.bitPattern), 1) }
        case .single: return doubles.map { ("\(path) = \($0)", .single(Float($0).bitPattern), 1) }
        case .text(let limit), .sentence(let limit): return texts(limit, path)
        case .bytes(let range):
            return [0, 1, range.lowerBound, min(range.upperBound, 40_000), min(range.upperBound, 40_000) + 1].map {
                ("\(path) of \($0) bytes", .bytes([UInt8](repeating: 0xff, count: $0)), 1)
            }
        case .message(let name):
            return [("\(path) empty", .bytes([]), 1), ("\(path) nonsense", .bytes([0xff, 0xff]), 1)]
                + fields(of: name, path: path).map { ($0.description, .bytes($0.bytes), 1) }
        case .list(let element, _):
            let elements = values(of: element, path: path)
            return elements + elements.prefix(1).map { ("\(path), many", $0.value, 10_000) }
        case .needed(let inner): return values(of: inner, path: path)
        }
    }

    private static let edges: [UInt64] = [
        0, 1, UInt64(Int32.max), UInt64(Int32.max) + 1, UInt64(UInt32.max), UInt64(UInt32.max) + 1, UInt64(Int64.max),
        UInt64(Int64.max) + 1, .max,
    ]

    private static let doubles: [Double] = [
        0, -0.0, -1, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .infinity, -.infinity,
        .nan, 1e300,
    ]

    private static func varints(_ numbers: [UInt64], _ path: String) -> [Extreme] {
        numbers.map { ("\(path) = \($0)", .varint($0), 1) }
    }

    private static func texts(_ limit: Int, _ path: String) -> [Extreme] {
        let texts = [
            "", "a", String(repeating: "a", count: limit), String(repeating: "a", count: limit + 1), "\0", "a\u{1b}[2J",
            "\u{9b}31m", "\u{202e}cod.exe", "\u{2066}", "\u{feff}", "\u{10ffff}", "'; DROP TABLE auscult.clip; --",
            "../../etc",
        ]
        return texts.map { ("\(path) = \($0.prefix(20).debugDescription)", .bytes(Array($0.utf8)), 1) }
            + [("\(path) not UTF-8", .bytes([0xc3, 0x28]), 1)]
    }

    private static func encode(_ number: Int, _ extreme: Extreme) -> [UInt8] {
        var bytes: [UInt8] = []
        switch extreme.value {
        case .varint(let value): bytes = varint(UInt64(number) << 3) + varint(value)
        case .double(let bits): bytes = varint(UInt64(number) << 3 | 1) + littleEndian(bits, 8)
        case .single(let bits): bytes = varint(UInt64(number) << 3 | 5) + littleEndian(UInt64(bits), 4)
        case .bytes(let content): bytes = varint(UInt64(number) << 3 | 2) + varint(UInt64(content.count)) + content
        }
        return extreme.count == 1 ? bytes : Array(repeatElement(bytes, count: extreme.count).joined())
    }

    private static func littleEndian(_ bits: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest > 0x7f {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
