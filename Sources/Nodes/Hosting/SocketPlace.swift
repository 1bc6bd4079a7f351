internal import Glibc
package import Messaging
internal import Plant

/// Where a cluster's socket lies that nobody gave a place: in its data directory, or, where the path of that is too long
/// for a socket or holds a comma, which separates endpoints, in a folder of its own under `/tmp`.
package enum SocketPlace {
    /// What a standby adds.
    private static let room = "-standby".utf8.count
    private static let longest = 107

    package static func endpoint(inDataDirectory directory: String) throws(MessagingError) -> Endpoint {
        let path = "\(directory)/broker.ipc"
        if path.utf8.count + room <= longest, !path.contains(",") { return .ipc(path: path) }
        let digits = ContentHash(of: Array(directory.utf8)).description.prefix(16)
        let folder = "/tmp/auscult-\(geteuid())-\(digits)"
        var status = stat()
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST, lstat(folder, &status) == 0,
            status.st_mode & (S_IFMT | 0o077) == S_IFDIR, status.st_uid == geteuid()
        else {
            throw MessagingError(
                .badEndpoint,
                "\(directory) is no place for a socket (at most \(longest) bytes, no comma), and \(folder) is not ours "
                    + "alone: remove it, or give --listen ipc://PATH")
        }
        return .ipc(path: "\(folder)/broker.ipc")
    }
}
