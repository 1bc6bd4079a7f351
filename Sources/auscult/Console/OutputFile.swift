import FoundationEssentials
import Glibc

/// Where a command writes what somebody asked for as a file.
///
/// `-` is standard output. A device, a pipe or a link is written into and never replaced. Everything else appears whole
/// or stays as it was.
struct OutputFile {
    private let path: String

    init(_ path: String) { self.path = path }

    /// Lines for people do not belong there too.
    var isStandardOutput: Bool { ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains(path) }

    /// Whether its name may say what is in it: streams and devices have names of their own.
    func isNamed(_ suffix: String) -> Bool { path.hasSuffix(suffix) || isStandardOutput || isWrittenInPlace }

    func write(_ bytes: [UInt8]) throws(CommandFailure) {
        if isStandardOutput { return try Console.put(bytes) }
        if isWrittenInPlace { return try fill(path, with: bytes, flags: O_WRONLY | O_CREAT | O_TRUNC) }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let part = (parts.dropLast() + [".auscult-\(getpid()).part"]).joined(separator: "/")
        do throws(CommandFailure) {
            try fill(part, with: bytes, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
        } catch {
            unlink(part)
            throw error
        }
        guard rename(part, path) == 0 else {
            let failure = failure()
            unlink(part)
            throw failure
        }
    }

    private var isWrittenInPlace: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG && status.st_mode & S_IFMT != S_IFDIR
    }

    private func fill(_ place: String, with bytes: [UInt8], flags: Int32) throws(CommandFailure) {
        let file = open(place, flags | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        guard Console.write(bytes, to: file) else { throw failure() }
        // Pipes and devices have nothing to sync.
        guard fsync(file) == 0 || errno == EINVAL || errno == EROFS else { throw failure() }
    }

    private func failure() -> CommandFailure {
        CommandFailure("cannot write \(path): \(String(cString: strerror(errno)))")
    }
}
