internal import Glibc

/// An open file of ours: regular, never reached through a symbolic link, and readable by its owner alone when we make it.
///
/// Reading and writing at a place may be done from any thread.
package final class OpenFile: Sendable {
    package enum Access: Sendable {
        case read
        /// Reads and writes a file that exists.
        case change
        /// Makes a file; one of that name must not exist.
        case create
        /// Makes a file, or empties the one that is there.
        case replace
        /// Writes at the end of a file, which is made if need be.
        case append

        fileprivate var flags: Int32 {
            switch self {
            case .read: O_RDONLY
            case .change: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            case .replace: O_RDWR | O_CREAT | O_TRUNC
            case .append: O_RDWR | O_CREAT | O_APPEND
            }
        }
    }

    package let path: String
    package let descriptor: Int32

    /// - Parameter followsLink: the path is a person's word, who may have put a link there.
    package convenience init(
        _ path: String, _ access: Access, followsLink: Bool = false
    ) throws(FileError) {
        try self.init(path, in: AT_FDCWD, path: path, access, followsLink: followsLink)
    }

    /// A file of an open folder.
    init(
        _ name: String, in folder: Int32, path: String, _ access: Access, followsLink: Bool = false
    ) throws(FileError) {
        self.path = path
        // Whoever opens a pipe waits for its other end, unless it says O_NONBLOCK.
        let flags = access.flags | O_CLOEXEC | O_NONBLOCK | (followsLink ? 0 : O_NOFOLLOW)
        descriptor = uninterrupted { openat(folder, name, flags, 0o600) }
        guard descriptor >= 0 else {
            if errno == ELOOP { throw FileError(sentence: "\(path) is a symbolic link, which is not followed here") }
            throw FileError("open \(path)")
        }
        do throws(FileError) {
            guard try status().st_mode & S_IFMT == S_IFREG else { throw FileError(sentence: "\(path) is no file") }
            // Whatever the umask took away or left.
            if access.flags & O_CREAT != 0, fchmod(descriptor, 0o600) != 0 { throw FileError("protect \(path)") }
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    package var byteCount: Int64 {
        get throws(FileError) { Int64(try status().st_size) }
    }

    /// Whether nobody but its owner may read or write it.
    package var isPrivate: Bool {
        get throws(FileError) { try status().st_mode & 0o077 == 0 }
    }

    private func status() throws(FileError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError("look at \(path)") }
        return status
    }

    // MARK: reading

    /// Fills `bytes` from a place on; returns how many there were before the file's end.
    package func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
            let count = uninterrupted { pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(done)) }
            guard count >= 0 else { throw FileError("read \(path)") }
            guard count > 0 else { break }
            done += count
        }
        return done
    }

    /// The whole file.
    ///
    /// - Parameter limit: no file of ours is larger, bytes.
    package func contents(limit: Int64 = 4 << 30) throws(FileError) -> [UInt8] {
        let byteCount = try byteCount
        guard byteCount <= limit else {
            throw FileError(sentence: "\(path) has \(byteCount) bytes, at most \(limit) were expected")
        }
        return try bytes(Int(byteCount), at: 0)
    }

    /// So many bytes from a place on, or as many as there are.
    package func bytes(_ limit: Int, at offset: Int64) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = try bytes.withUnsafeMutableBufferPointer { bytes throws(FileError) in
            try read(into: UnsafeMutableRawBufferPointer(bytes), at: offset)
        }
        bytes.removeLast(limit - count)
        return bytes
    }

    // MARK: writing

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        try write(bytes) { rest, done in pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(done)) }
    }

    package func write(_ bytes: [UInt8], at offset: Int64) throws(FileError) {
        try bytes.withUnsafeBufferPointer { bytes throws(FileError) in
            try write(UnsafeRawBufferPointer(bytes), at: offset)
        }
    }

    /// Behind what was written last, or at the end of a file that was opened so.
    package func write(_ bytes: [UInt8]) throws(FileError) {
        try bytes.withUnsafeBufferPointer { bytes throws(FileError) in
            try write(UnsafeRawBufferPointer(bytes)) { rest, _ in
                Glibc.write(descriptor, rest.baseAddress, rest.count)
            }
        }
    }

    private func write(
        _ bytes: UnsafeRawBufferPointer, _ call: (UnsafeRawBufferPointer, _ done: Int) -> Int
    ) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = uninterrupted { call(rest, done) }
            guard count > 0 else { throw FileError("write \(path)") }
            done += count
        }
    }

    /// Returns when bytes and length are on disk. After a failure what is there is unknown: never try again.
    package func synchronise() throws(FileError) {
        guard fdatasync(descriptor) == 0 else { throw FileError("sync \(path)") }
    }

    package func truncate(to byteCount: Int64) throws(FileError) {
        guard uninterrupted({ ftruncate(descriptor, off_t(byteCount)) }) == 0 else {
            throw FileError("shorten \(path)")
        }
    }

    /// Takes room on the disk for so many bytes from the start.
    package func reserve(_ byteCount: Int64) throws(FileError) {
        let outcome = uninterrupted { () -> Int32 in
            errno = posix_fallocate(descriptor, 0, off_t(byteCount))
            return -errno
        }
        guard outcome == 0 else { throw FileError("reserve \(byteCount) bytes for \(path)") }
    }

    // MARK: locking

    /// Keeps others from locking the file for as long as it is open; false when another has locked it.
    package func lock() throws(FileError) -> Bool {
        guard uninterrupted({ flock(descriptor, LOCK_EX | LOCK_NB) }) != 0 else { return true }
        guard errno == EWOULDBLOCK else { throw FileError("lock \(path)") }
        return false
    }

    package func unlock() { flock(descriptor, LOCK_UN) }
}
