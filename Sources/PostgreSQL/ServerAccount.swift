internal import Glibc

/// The system user that a private server runs as.
///
/// PostgreSQL refuses to run as root, so root lends its server an account that can do nothing else: `postgres` where
/// the package made one, `nobody` otherwise. Everybody else runs the server as themselves.
struct ServerAccount: Sendable {
    let name: String
    let user: uid_t
    let group: gid_t

    /// Nil when the server runs as whoever we are.
    static func forThisProcess() throws(PostgreSQLError) -> ServerAccount? {
        guard geteuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            guard let entry = getpwnam(name) else { continue }
            return ServerAccount(name: name, user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
        }
        throw PostgreSQLError(
            .server,
            "PostgreSQL does not run as root, and this system has neither a user 'postgres' nor 'nobody' to run it; "
                + "create one or run as another user")
    }

    /// The command that runs `command` as this account, with no rights of ours left.
    func lending(_ command: [String]) -> [String] {
        ["setpriv", "--reuid", "\(user)", "--regid", "\(group)", "--clear-groups", "--"] + command
    }

    /// The first directory on the way to `path` that this account may not pass through, nil when it may pass all.
    func firstBarrier(to path: String) -> String? {
        var directory = ""
        for part in path.split(separator: "/") {
            directory += "/\(part)"
            var status = stat()
            guard stat(directory, &status) == 0 else { return directory }
            let bit =
                if status.st_uid == user { S_IXUSR } else if status.st_gid == group { S_IXGRP } else { S_IXOTH }
            if status.st_mode & bit == 0 { return directory }
        }
        return nil
    }
}
