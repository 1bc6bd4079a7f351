internal import Glibc

/// A folder whose files are whole or not there, whatever the power does: written beside, synced, renamed, and the
/// folder synced too. Only one process may hold it.
final class DurableFolder: Sendable {
    let path: String
    private let descriptor: Int32

    /// Makes the folder if need be, locks it, and removes what a crash left half written.
    init(_ path: String) throws(FolderError) {
        self.path = path
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FolderError("make the folder \(path)") }
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FolderError("open the folder \(path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let failure =
                errno == EWOULDBLOCK
                ? FolderError(sentence: "another process uses \(path)") : FolderError("lock \(path)")
            close(descriptor)
            throw failure
        }
        for name in try entries() where name.hasPrefix(".") && name.hasSuffix(".part") { try remove(name) }
    }

    deinit { close(descriptor) }

    /// Writes a file; when this returns its bytes and its name are on disk.
    func write(_ bytes: [UInt8], as name: String) throws(FolderError) {
        let (target, temporary) = ("\(path)/\(name)", "\(path)/.\(name).part")
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw FolderError("write \(temporary)") }
        let outcome = Self.fill(file, with: bytes)
        let reason = errno
        close(file)
        guard outcome, rename(temporary, target) == 0 else {
            let failure = FolderError("write \(target)", errno: outcome ? errno : reason)
            unlink(temporary)
            throw failure
        }
        try sync()
    }

    /// Removes a file; one that is not there is removed already.
    func remove(_ name: String) throws(FolderError) {
        guard unlink("\(path)/\(name)") == 0 || errno == ENOENT else { throw FolderError("remove \(path)/\(name)") }
    }

    /// Hands a file over to another folder of the same disk.
    func move(_ name: String, to folder: DurableFolder, as other: String) throws(FolderError) {
        guard rename("\(path)/\(name)", "\(folder.path)/\(other)") == 0 else {
            throw FolderError("move \(path)/\(name)")
        }
        try folder.sync()
    }

    /// Names of the files that are whole, in order.
    func names() throws(FolderError) -> [String] { try entries().filter { !$0.hasPrefix(".") }.sorted() }

    private func entries() throws(FolderError) -> [String] {
        guard let stream = opendir(path) else { throw FolderError("list \(path)") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { text in
                text.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            names.append(name)
        }
        return names
    }

    private func sync() throws(FolderError) {
        guard fsync(descriptor) == 0 else { throw FolderError("sync the folder \(path)") }
    }

    private static func fill(_ file: Int32, with bytes: [UInt8]) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                Glibc.write(file, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return fsync(file) == 0
    }
}

/// What cannot be done with a folder, and why.
package struct FolderError: Error, CustomStringConvertible {
    package let description: String
    /// There is no room on the disk.
    package let isFull: Bool

    init(_ doing: String, errno number: Int32 = errno) {
        isFull = number == ENOSPC || number == EDQUOT
        description = "cannot \(doing): \(String(cString: strerror(number)))\(isFull ? "; make room" : "")"
    }

    init(sentence: String) {
        isFull = false
        description = sentence
    }
}
