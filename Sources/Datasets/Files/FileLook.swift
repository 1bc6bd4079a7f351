internal import Glibc

/// Which file something is and how it looks: as long as the look is the same, so is the content.
package struct FileLook: Hashable, Sendable {
    /// The file behind a name, whatever it is called.
    package struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    package enum Kind: Hashable, Sendable { case file, folder, link, other }

    package let identity: Identity
    package let kind: Kind
    package let byteCount: Int64
    private let changedSeconds: Int64
    private let changedNanoseconds: Int64

    /// When the content was last changed, by the clock of its host, microseconds since 1970-01-01T00:00:00Z; what no
    /// number holds is as near as it gets.
    package var changedAt: Int64 {
        let (seconds, isBeyond) = changedSeconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, isFurther) = seconds.addingReportingOverflow(changedNanoseconds / 1_000)
        return isBeyond || isFurther ? (changedSeconds < 0 ? .min : .max) : sum
    }

    /// - Parameter followingLinks: whether a link is looked at or what it leads to.
    package init(_ path: FilePath, followingLinks: Bool) throws(FileTrouble) {
        var status = stat()
        let outcome = path.withCString { followingLinks ? stat($0, &status) : lstat($0, &status) }
        guard outcome == 0 else { throw FileTrouble(path, errno: errno) }
        self.init(status)
    }

    init(_ status: stat) {
        identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .other
            }
        byteCount = Int64(status.st_size)
        (changedSeconds, changedNanoseconds) = (Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec))
    }
}
