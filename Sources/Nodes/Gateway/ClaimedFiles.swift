internal import Datasets
internal import Files
internal import Glibc

/// The files that a gateway has moved out of the watched folder and not put into its outbox yet.
///
/// Each lies in a numbered folder of its own, below it under the path it had, so that a gateway that starts anew knows
/// where it came from. Whoever wrote the file under its old name finds that name free; what is made there is another
/// file. Belongs to one thread.
struct ClaimedFiles {
    private let folder: FilePath
    private var lastNumber: Int

    /// Makes the folder if need be.
    init(_ folder: FilePath) throws(FileTrouble) {
        // What is removed again is compared with it.
        self.folder = folder.absolute
        try Self.make(folder)
        lastNumber = 0
        lastNumber = files().compactMap { $0.relative.components.first.flatMap { Int($0.text) } }.max() ?? 0
    }

    /// All there are.
    func files() -> [FolderWalk.File] { FolderWalk(folder, links: .refused).files }

    /// Below the watched folder, where it was found; nil where the file is none of ours.
    func origin(of file: FolderWalk.File) -> FilePath? {
        let names = file.path.components
        let own = folder.components.count
        guard names.count > own + 1, Array(names.prefix(own)) == folder.components else { return nil }
        return names.dropFirst(own + 1).reduce(FilePath("")) { $0.appending($1) }
    }

    /// Moves a file here; when this returns, nobody else finds it under its old name.
    mutating func claim(_ file: FolderWalk.File) throws {
        lastNumber += 1
        var place = folder.appending("\(lastNumber)")
        try Self.make(place)
        for name in file.relative.components.dropLast() {
            place = place.appending(name)
            try Self.make(place)
        }
        let target = place.appending(file.relative.name)
        do {
            do throws(FileTrouble) {
                try Self.move(file.path, to: target)
            } catch {
                guard error.code == .otherFileSystem else { throw error }
                try copy(file, to: target)
            }
        } catch {
            removeFolders(above: target)
            throw error
        }
    }

    /// Forgets a file that has come to its end.
    func release(_ file: FolderWalk.File) throws(FileTrouble) {
        guard file.path.withCString({ unlink($0) }) == 0 || errno == ENOENT else {
            throw FileTrouble(file.path, errno: errno)
        }
        removeFolders(above: file.path)
    }

    /// Of a file that lies on a share: the copy is whole before the original goes, and the original goes only if it is
    /// still the file that was copied.
    private func copy(_ file: FolderWalk.File, to target: FilePath) throws {
        let parent = FilePath(bytes: file.path.bytes.dropLast(file.path.name.bytes.count)).appending(".")
        guard parent.withCString({ access($0, W_OK) }) == 0 else { throw FileTrouble(file.path, errno: errno) }
        let original = try ForeignFile(file.path, followingLinks: false)
        let bytes = try original.bytes()
        guard try original.look() == file.look else { throw FileTrouble(.absent, file.path, "has changed") }
        // What a crash leaves here is overwritten by the next one.
        let part = folder.appending(".part")
        try Self.write(bytes, to: part, changedLike: file.path)
        try Self.move(part, to: target)
        guard try FileLook(file.path, followingLinks: false) == file.look else { return }
        guard file.path.withCString({ unlink($0) }) == 0 else {
            let failure = FileTrouble(file.path, errno: errno)
            _ = target.withCString { unlink($0) }
            throw failure
        }
    }

    private static func write(_ bytes: [UInt8], to path: FilePath, changedLike original: FilePath) throws {
        let file = try OpenFile(path.text, .replace)
        try file.write(bytes)
        var status = stat()
        guard original.withCString({ lstat($0, &status) }) == 0,
            futimens(file.descriptor, [status.st_atim, status.st_mtim]) == 0
        else { throw FileTrouble(original, errno: errno) }
        try file.synchronise()
    }

    private static func move(_ path: FilePath, to target: FilePath) throws(FileTrouble) {
        let outcome = path.withCString { path in target.withCString { rename(path, $0) } }
        guard outcome == 0 else { throw FileTrouble(path, errno: errno) }
    }

    private static func make(_ folder: FilePath) throws(FileTrouble) {
        guard folder.withCString({ mkdir($0, 0o700) }) == 0 || errno == EEXIST else {
            throw FileTrouble(folder, errno: errno)
        }
    }

    /// Those that are empty now.
    private func removeFolders(above file: FilePath) {
        for parent in file.parents {
            guard parent.bytes.count > folder.bytes.count, parent.withCString({ rmdir($0) }) == 0 else { return }
        }
    }
}
