import Glibc
import Nodes
import Synchronization

/// What all commands can be told once and for all: by an environment variable `AUSCULT_*`, or in a file of lines
/// `name = value` that `--config FILE` or `AUSCULT_CONFIG` names. An argument wins over the environment, the environment
/// over the file.
enum Setting: String, CaseIterable {
    case data
    case database
    case broker
    case keys
    case listen
    case workers
    case site

    /// Names found in the file and not in the environment, before the one became the other.
    private static let fromFile = Mutex<Set<Setting>>([])

    static let fileVariable = "AUSCULT_CONFIG"

    var variable: String { "AUSCULT_\(rawValue.uppercased())" }

    /// Nil where neither environment nor file has it.
    var value: String? { ProcessEnvironment[variable] }

    /// Where the value comes from.
    var origin: String {
        let isFromFile = Self.fromFile.withLock { $0.contains(self) }
        return isFromFile ? ProcessEnvironment[Self.fileVariable] ?? "" : "environment \(variable)"
    }

    /// Takes `--config FILE` out of the arguments, and reads the file; what the environment lacks is added to it, so
    /// that the services a supervisor starts have the same settings.
    ///
    /// - Returns: the other arguments.
    static func load(_ arguments: [String]) throws -> [String] {
        var rest = arguments
        if let option = rest.firstIndex(where: { $0 == "--config" || $0.hasPrefix("--config=") }) {
            let joined = rest[option].split(separator: "=", maxSplits: 1).dropFirst().first.map(String.init)
            guard let file = joined ?? rest.dropFirst(option + 1).first else {
                throw CommandFailure("--config needs the name of a file", status: .usage)
            }
            rest.removeSubrange(option...(joined == nil ? option + 1 : option))
            setenv(fileVariable, file, 1)
        }
        if let file = ProcessEnvironment[fileVariable] { try adopt(try lines(of: file), of: file) }
        return rest
    }

    private static func adopt(_ lines: [Substring], of file: String) throws {
        for (number, line) in lines.enumerated() {
            let text = line.withoutComment
            let parts = text.split(separator: "=", maxSplits: 1).map { $0.trimmed }
            if parts.isEmpty || parts == [""] { continue }
            guard parts.count == 2, let setting = Setting(rawValue: parts[0]) else {
                let names = allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandFailure(
                    "\(file), line \(number + 1): write NAME = VALUE, with one of the names \(names)", status: .usage)
            }
            guard setting.value == nil else { continue }
            setenv(setting.variable, parts[1], 1)
            fromFile.withLock { _ = $0.insert(setting) }
        }
    }

    private static func lines(of file: String) throws -> [Substring] {
        guard let handle = fopen(file, "re") else {
            throw CommandFailure("cannot read \(file): \(String(cString: strerror(errno)))", status: .usage)
        }
        defer { fclose(handle) }
        var bytes: [UInt8] = []
        var byte = fgetc(handle)
        while byte != EOF {
            bytes.append(UInt8(truncatingIfNeeded: byte))
            byte = fgetc(handle)
        }
        // Some editors begin a file with a mark of its encoding.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        return String(decoding: bytes, as: UTF8.self)
            .split(omittingEmptySubsequences: false) { ["\n", "\r\n", "\r"].contains($0) }
    }
}

extension Substring {
    /// `#` begins a comment at the begin of a line and after a space, so that a password may hold one.
    fileprivate var withoutComment: Substring {
        var before: Character = " "
        return prefix { character in
            defer { before = character }
            return character != "#" || !before.isWhitespace
        }
    }

    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
