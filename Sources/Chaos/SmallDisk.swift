internal import FoundationEssentials
internal import Glibc
internal import Messaging
internal import Nodes

/// A file system of its own for a cluster's clips, so that it can be full. Making one takes root.
final class SmallDisk {
    private let image: String
    private let place: String
    private var ballast: String { "\(place)/ballast" }

    /// Nil where this process may not mount.
    ///
    /// - Parameter place: an empty directory.
    init?(at place: String, megabytes: Int) throws {
        (self.place, image) = (place, "\(place).image")
        guard getuid() == 0 else { return nil }
        let file = open(image, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        defer { close(file) }
        guard file >= 0, ftruncate(file, off_t(megabytes) << 20) == 0,
            try Program.run("/sbin/mkfs.ext4", ["-q", "-m", "0", image]) == 0,
            try Program.run("/bin/mount", ["-o", "loop", image, place]) == 0
        else {
            unlink(image)
            return nil
        }
    }

    /// Takes all the room there is.
    func fill() {
        let file = open(ballast, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        defer { close(file) }
        var size: off_t = 0
        for step: off_t in [1 << 30, 64 << 20, 1 << 20, 1 << 16, 1 << 12] {
            while posix_fallocate(file, size, step) == 0 { size += step }
        }
    }

    /// Gives it back.
    func clear() { unlink(ballast) }

    func remove() throws {
        _ = try Program.run("/bin/umount", [place])
        unlink(image)
    }
}

/// Runs programs to their end.
enum Program {
    static func run(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> Int32 {
        let lifeline = try Lifeline()
        let process = try ChildProcess(
            executable: executable, arguments: arguments, environment: environment, lifeline: lifeline.readingEnd)
        return process.run { _ in }
    }
}
