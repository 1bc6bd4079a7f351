import Files
import FoundationEssentials
import Glibc
import Wire

/// The two streams of a command: results on standard output, everything else on standard error.
enum Console {
    /// Writes a line of the command's result, at once. Where nobody can read it the command has failed, and ends.
    ///
    /// What came from outside cannot move the cursor, colour the terminal or turn the direction of reading.
    static func line(_ text: String) {
        do throws(CommandFailure) {
            try put(Array("\(text.shown)\n".utf8))
        } catch {
            note(error.description)
            _exit(ExitStatus.failed.rawValue)
        }
    }

    /// Writes one JSON object on a line of its own; keys sorted, so that equal results are equal bytes.
    static func json(_ value: some Encodable) throws { try put(Array("\(jsonText(value))\n".utf8)) }

    /// Writes a part of the command's result.
    static func put(_ bytes: [UInt8]) throws(CommandFailure) {
        guard write(bytes, to: STDOUT_FILENO) else {
            throw CommandFailure("cannot write to standard output: \(String(cString: strerror(errno)))")
        }
    }

    static func jsonText(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self).shownInJSON
    }

    /// Tells the person something that is not the result.
    static func note(_ text: String) { write("auscult: \(text.shown)\n", to: STDERR_FILENO) }

    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    static func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8), to: descriptor) }

    /// Returns false, with errno set, where not everything could be written.
    @discardableResult
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { bytes in
                uninterrupted { Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
