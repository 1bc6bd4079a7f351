internal import Glibc
package import Plant

/// Everything below a folder that looks like a clip, and what is wrong with the rest: one look, nothing is opened.
///
/// Passed over in silence are files that are no clips by their names, everything hidden (`._x.wav`, `.DS_Store`), and
/// what file systems and servers keep for themselves (`lost+found`). A folder is walked whatever it is called. What
/// vanishes meanwhile was never there.
package struct FolderWalk {
    package struct File: Hashable, Sendable {
        package let path: FilePath
        /// Below the folder.
        package let relative: FilePath
        package let format: ClipRecord.Format
        package let look: FileLook
    }

    /// What links below the folder are good for.
    package enum Links: Sendable {
        /// They lead to clips and folders; each folder is walked once.
        case followed
        /// A stranger may have made them: each is named as a trouble.
        case refused
    }

    /// By path.
    package private(set) var files: [File] = []
    /// What could not be looked at, the folder itself among it.
    package private(set) var troubles: [FileTrouble] = []

    private let links: Links
    private var walked: Set<FileLook.Identity>

    /// - Parameter excluded: folders that are not walked.
    package init(_ folder: FilePath, links: Links, excluding excluded: Set<FileLook.Identity> = []) {
        self.links = links
        walked = excluded
        walk(folder, relative: FilePath(""), isGiven: true)
        files.sort { $0.relative < $1.relative }
    }

    private mutating func walk(_ folder: FilePath, relative: FilePath, isGiven: Bool) {
        do throws(FileTrouble) {
            let look = try FileLook(folder, followingLinks: isGiven || links == .followed)
            guard look.kind == .folder else { throw FileTrouble(.notRegular, folder, "is no folder") }
            guard walked.insert(look.identity).inserted else { return }
            for name in try Self.names(in: folder) where !Self.isPassedOver(name) {
                visit(folder.appending(name), relative: relative.appending(name))
            }
        } catch {
            if isGiven || error.code != .absent { troubles.append(error) }
        }
    }

    private mutating func visit(_ path: FilePath, relative: FilePath) {
        do throws(FileTrouble) {
            var look = try FileLook(path, followingLinks: false)
            let format = ClipRecord.Format(fileName: relative.text)
            if look.kind == .link {
                let target = try? FileLook(path, followingLinks: true)
                // Other links lead to nothing that concerns us.
                guard format != nil || target?.kind == .folder else { return }
                guard links == .followed else { throw FileTrouble(path, errno: ELOOP) }
                guard let target else { throw FileTrouble(.notRegular, path, "is a link that leads nowhere") }
                look = target
            }
            switch (look.kind, format) {
            case (.folder, _): walk(path, relative: relative, isGiven: false)
            case (.file, let format?):
                files.append(File(path: path, relative: relative, format: format, look: look))
            case (_, .some): throw FileTrouble(.notRegular, path, "is no regular file")
            case (_, nil): break
            }
        } catch {
            if error.code != .absent { troubles.append(error) }
        }
    }

    private static let foreignNames = Set(
        ["lost+found", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information"].map { FilePath($0) })

    private static func isPassedOver(_ name: FilePath) -> Bool {
        name.bytes.first == UInt8(ascii: ".") || foreignNames.contains(name)
    }

    private static func names(in folder: FilePath) throws(FileTrouble) -> [FilePath] {
        guard let stream = folder.withCString({ opendir($0) }) else { throw FileTrouble(folder, errno: errno) }
        defer { closedir(stream) }
        var names: [FilePath] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw FileTrouble(folder, errno: errno) }
                return names
            }
            withUnsafeBytes(of: &entry.pointee.d_name) { names.append(FilePath(bytes: $0.prefix { $0 != 0 })) }
        }
    }
}
