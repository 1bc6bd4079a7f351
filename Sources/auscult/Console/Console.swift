import Files
import FoundationEssentials
import Glibc

/// The two streams of a command: results on standard output, everything else on standard error.
enum Console {
    /// Writes a line of the command's result, at once.
    static func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    /// Writes one JSON object on a line of its own; keys sorted, so that equal results are equal bytes.
    static func json(_ value: some Encodable) throws { line(try jsonText(value)) }

    static func jsonText(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// Tells the person something that is not the result.
    static func note(_ text: String) { write("auscult: \(text)\n", to: STDERR_FILENO) }

    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { bytes in
                uninterrupted { Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
