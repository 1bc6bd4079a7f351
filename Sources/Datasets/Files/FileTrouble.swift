internal import Glibc

/// Why a file or a folder cannot be used.
package struct FileTrouble: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// There is nothing of that name, or not any more.
        case absent
        /// Somebody's rights forbid it, or the disk is read-only.
        case denied
        /// It lies on another file system than the place where it should go.
        case otherFileSystem
        /// A pipe, a device, a link where none is followed.
        case notRegular
        case tooLarge
        /// Whatever else the kernel says.
        case failed
    }

    package let code: Code
    package let path: FilePath
    /// What is wrong and what to do about it.
    package let reason: String

    package init(_ code: Code, _ path: FilePath, _ reason: String) {
        (self.code, self.path, self.reason) = (code, path, reason)
    }

    package var description: String { "\(path): \(reason)" }

    /// What the kernel says of a call on a path.
    package init(_ path: FilePath, errno number: Int32) {
        switch number {
        case ENOENT, ENOTDIR: self.init(.absent, path, "there is no such file or folder")
        case EACCES, EPERM: self.init(.denied, path, "access is denied; check the owner and the rights")
        case EROFS: self.init(.denied, path, "the file system is read-only")
        case EXDEV: self.init(.otherFileSystem, path, "lies on another file system")
        case ELOOP: self.init(.notRegular, path, "is a link, and links are not followed here")
        default: self.init(.failed, path, String(cString: strerror(number)))
        }
    }
}
