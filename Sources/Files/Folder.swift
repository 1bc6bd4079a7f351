internal import Glibc

/// An open folder of ours: nobody else may write in it, and what is opened in it is opened in this very folder,
/// whatever becomes of its path.
package final class Folder: Sendable {
    package let path: String
    private let descriptor: Int32

    /// Opens a folder; makes it, with those above it, if need be.
    ///
    /// - Parameter isPassable: others may pass through it, and see nothing of it: the account of a private database
    ///   server has its own folder below.
    /// - Throws: also for a folder of somebody else's, who could put there what he likes.
    package init(_ path: String, isPassable: Bool = false) throws(FileError) {
        self.path = path
        try Self.make(path)
        descriptor = try Self.open(path)
        do throws(FileError) {
            try guardAgainstOthers(mode: isPassable ? 0o711 : 0o700)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Opens a folder of ours that must be there.
    package init(existing path: String) throws(FileError) {
        self.path = path
        descriptor = try Self.open(path)
        do throws(FileError) {
            try guardAgainstOthers(mode: 0o700)
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    package static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func make(_ path: String) throws(FileError) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        guard errno == ENOENT, !parent.isEmpty else { throw FileError("make the folder \(path)") }
        try make(parent)
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileError("make the folder \(path)") }
    }

    /// A link in its place must be our own, or root's.
    private static func open(_ path: String) throws(FileError) -> Int32 {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        var descriptor = uninterrupted { Glibc.open(path, flags | O_NOFOLLOW) }
        if descriptor < 0, errno == ELOOP || errno == ENOTDIR {
            var link = stat()
            guard lstat(path, &link) == 0, [0, geteuid()].contains(link.st_uid) else {
                throw FileError(sentence: "\(path) is a symbolic link of another user's; remove it")
            }
            descriptor = uninterrupted { Glibc.open(path, flags) }
        }
        guard descriptor >= 0 else { throw FileError("open the folder \(path)") }
        return descriptor
    }

    private func guardAgainstOthers(mode: mode_t) throws(FileError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError("look at the folder \(path)") }
        guard status.st_uid == geteuid() else {
            throw FileError(
                sentence: "the folder \(path) belongs to the user \(status.st_uid), who could change what is in it: "
                    + "give it to the user \(geteuid()) (chown), or choose another")
        }
        guard status.st_mode & 0o7777 != mode else { return }
        guard fchmod(descriptor, mode) == 0 else { throw FileError("protect the folder \(path)") }
    }

    // MARK: what is in it

    package func open(_ name: String, _ access: OpenFile.Access) throws(FileError) -> OpenFile {
        try OpenFile(name, in: descriptor, path: "\(path)/\(name)", access)
    }

    /// The folder of this name in it, which is made if need be.
    package func folder(_ name: String) throws(FileError) -> Folder { try Folder("\(path)/\(name)") }

    /// The names of everything in it, in order.
    package func names() throws(FileError) -> [String] {
        let listed = uninterrupted { openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard listed >= 0, let stream = fdopendir(listed) else { throw FileError("list \(path)") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { text in
                text.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// A file at a glance.
    package struct Glance: Sendable {
        package let byteCount: Int64
        /// Seconds since 1970-01-01T00:00:00Z.
        package let changedAt: Int
    }

    /// Nil where no file of this name is; a link is none.
    package func glance(at name: String) -> Glance? {
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return Glance(byteCount: Int64(status.st_size), changedAt: status.st_mtim.tv_sec)
    }

    /// Removes a file; one that is not there is removed already.
    package func remove(_ name: String) throws(FileError) {
        guard unlinkat(descriptor, name, 0) == 0 || errno == ENOENT else { throw FileError("remove \(path)/\(name)") }
    }

    /// Gives a file another name, in place of a file that has it, here or in another folder of the same disk.
    package func rename(_ name: String, to other: String, in folder: Folder? = nil) throws(FileError) {
        guard renameat(descriptor, name, folder?.descriptor ?? descriptor, other) == 0 else {
            throw FileError("rename \(path)/\(name) to \(folder?.path ?? path)/\(other)")
        }
    }

    /// Returns when the names in it are on disk.
    package func synchronise() throws(FileError) {
        guard fsync(descriptor) == 0 else { throw FileError("sync the folder \(path)") }
    }

    /// Writes a file that is whole or not there, whatever the power does: written beside, synced, renamed, and the
    /// folder synced too.
    package func write(_ bytes: [UInt8], as name: String) throws(FileError) {
        let temporary = ".\(name).part"
        do throws(FileError) {
            let file = try open(temporary, .replace)
            try file.write(bytes)
            try file.synchronise()
            try rename(temporary, to: name)
        } catch {
            unlinkat(descriptor, temporary, 0)
            throw error
        }
        try synchronise()
    }

    /// Keeps others from locking the folder for as long as it is open; false when another has locked it.
    package func lock() throws(FileError) -> Bool {
        guard uninterrupted({ flock(descriptor, LOCK_EX | LOCK_NB) }) != 0 else { return true }
        guard errno == EWOULDBLOCK else { throw FileError("lock \(path)") }
        return false
    }
}
