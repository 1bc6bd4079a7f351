import ArgumentParser
import Datasets
import Glibc
import Plant

/// A file somebody named: a regular one, or a pipe, a device or standard input, which are read once and kept in memory
/// under a path of their own, so that they can be read as often as any file.
struct InputFile {
    /// Where the bytes are.
    let path: FilePath
    let format: ClipRecord.Format
    /// Microseconds since 1970-01-01T00:00:00Z.
    let changedAt: Int64

    init(_ named: FilePath) throws(FileTrouble) {
        let isStream = named == .standardInput ? true : try FileLook(named, followingLinks: true).kind == .other
        path = isStream ? try Self.keep(named) : named
        changedAt = try FileLook(path, followingLinks: true).changedAt
        if let known = ClipRecord.Format(fileName: named.text) {
            format = known
        } else {
            format = isStream ? try Self.format(of: path) : .audio
        }
    }

    /// The whole file at a path.
    static func bytes(of named: String) throws(CommandFailure) -> [UInt8] {
        do throws(FileTrouble) {
            return try ForeignFile(InputFile(FilePath(argument: named)).path, followingLinks: true).bytes()
        } catch {
            throw CommandFailure(error.description)
        }
    }

    private static func keep(_ named: FilePath) throws(FileTrouble) -> FilePath {
        let source = named == .standardInput ? STDIN_FILENO : named.withCString { open($0, O_RDONLY | O_CLOEXEC) }
        guard source >= 0 else { throw FileTrouble(named, errno: errno) }
        defer { if source != STDIN_FILENO { close(source) } }
        return try MemoryFile.make(ForeignFile.readAll(from: source, of: named), named: named)
    }

    private static func format(of path: FilePath) throws(FileTrouble) -> ClipRecord.Format {
        try ForeignFile(path, followingLinks: true).bytes().starts(with: [0x93] + Array("NUMPY".utf8))
            ? .logMel : .audio
    }
}

extension FilePath {
    /// What `-` means where a file is read.
    static let standardInput = FilePath("-")
}

extension FilePath: ExpressibleByArgument {
    /// The argument as it was given: what is no UTF-8 has lost bytes on its way to the parser.
    public init(argument: String) {
        let given = (0..<Int(CommandLine.argc)).lazy.compactMap { CommandLine.unsafeArgv[$0] }
            .first { String(cString: $0) == argument }
        self =
            given.map { start in
                FilePath(bytes: UnsafeBufferPointer(start: start, count: strlen(start)).map { UInt8(bitPattern: $0) })
            } ?? FilePath(argument)
    }
}
