internal import CSupport
internal import Glibc

/// A regular file that is open for reading: what is read is of the file that was looked at, whatever its name has come
/// to mean by then.
package struct ForeignFile: ~Copyable {
    /// What no clip exceeds.
    package static let largest: Int64 = 256 << 20

    private let path: FilePath
    private let descriptor: Int32

    /// Opens it without waiting for anybody; a pipe or a device is refused.
    package init(_ path: FilePath, followingLinks: Bool) throws(FileTrouble) {
        self.path = path
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (followingLinks ? 0 : O_NOFOLLOW)
        descriptor = path.withCString { open($0, flags) }
        guard descriptor >= 0 else { throw FileTrouble(path, errno: errno) }
        guard try look().kind == .file else {
            throw FileTrouble(.notRegular, path, "is no regular file")
        }
    }

    deinit { close(descriptor) }

    /// How it looks now.
    package func look() throws(FileTrouble) -> FileLook {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileTrouble(path, errno: errno) }
        return FileLook(status)
    }

    /// Whether somebody has it open for writing; false also where the kernel does not tell, as on most shares.
    package var hasWriter: Bool { auscult_has_writer(descriptor) == 1 }

    /// The whole content.
    package func bytes() throws(FileTrouble) -> [UInt8] {
        let announced = try look().byteCount
        guard announced <= Self.largest else { throw Self.tooLarge(path) }
        return try Self.readAll(from: descriptor, of: path, announced: Int(announced))
    }

    /// Reads a descriptor to its end, which may be a pipe's.
    package static func readAll(
        from descriptor: Int32, of path: FilePath, announced: Int = 0
    ) throws(FileTrouble) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(announced)
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileTrouble(path, errno: errno) }
            guard count > 0 else { return bytes }
            guard Int64(bytes.count + count) <= largest else { throw tooLarge(path) }
            bytes += buffer[..<count]
        }
    }

    private static func tooLarge(_ path: FilePath) -> FileTrouble {
        FileTrouble(.tooLarge, path, "is larger than \(largest >> 20) MiB; cut the recording into clips")
    }
}
