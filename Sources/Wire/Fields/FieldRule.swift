/// What one field of a message may hold.
package indirect enum FieldRule: Hashable, Sendable {
    case flag
    /// A number of a list; one that is not known here is read as none.
    case choice
    case number(ClosedRange<UInt64>)
    case signed(ClosedRange<Int64>)
    /// In eight bytes; nil for any, also none at all (NaN), because whoever uses it looks.
    case double(ClosedRange<Double>?)
    /// The same in four bytes.
    case single(ClosedRange<Double>?)
    /// A name, safe in a row, a log line and a terminal: at most so many bytes of UTF-8, see `String.isPlain`.
    case text(Int)
    /// A sentence for people, of at most so many bytes; made plain before anybody sees it.
    case sentence(Int)
    case bytes(ClosedRange<Int>)
    /// Another message, with rules of its own.
    case message(String)
    case list(of: FieldRule, atMost: Int)
    /// As the rule within; and the message is refused where the field is missing, empty or 0.
    case needed(FieldRule)
}

extension String {
    /// Whether a text has none of what can falsify a log line or a terminal: control characters (C0, DEL, C1), separators of
    /// lines, and marks that change the direction in which the text around them is read.
    package var isPlain: Bool { unicodeScalars.allSatisfy(\.isPlain) }

    /// For a terminal: with `\u{…}` in place of whatever is not plain, but for tabs and the ends of lines.
    package var shown: String {
        escaped { $0 == "\n" || $0 == "\t" ? String($0) : "\\u{\(String($0.value, radix: 16))}" }
    }

    /// The same for a line of JSON, which stays the same JSON.
    package var shownInJSON: String {
        escaped { scalar in
            let digits = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: max(4 - digits.count, 0)) + digits
        }
    }

    private func escaped(_ escape: (Unicode.Scalar) -> String) -> String {
        guard !isPlain else { return self }
        return unicodeScalars.reduce(into: "") { $1.isPlain ? $0.unicodeScalars.append($1) : $0.append(escape($1)) }
    }

    /// With `\u{…}` in place of whatever is not plain, and at most `limit` characters long.
    package func madePlain(limit: Int = 1_000) -> String {
        var plain = ""
        for scalar in unicodeScalars.prefix(limit) {
            if scalar.isPlain {
                plain.unicodeScalars.append(scalar)
            } else {
                plain += scalar == "\n" || scalar == "\t" ? " " : "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return plain
    }
}

extension Unicode.Scalar {
    fileprivate var isPlain: Bool {
        if value < 0x7F { return value >= 0x20 }
        return properties.generalCategory != .control && !properties.isBidiControl && value != 0x2028 && value != 0x2029
    }
}
