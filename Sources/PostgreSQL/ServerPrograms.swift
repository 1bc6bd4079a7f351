internal import CSupport
internal import Files
internal import FoundationEssentials
internal import Glibc

/// The programs of an installed PostgreSQL: `initdb`, `pg_ctl` and what they call.
struct ServerPrograms: Sendable {
    /// The folder that holds them.
    let directory: String
    let account: ServerAccount?

    /// Finds the newest installation, or the one of a given major version since data of another cannot be read.
    ///
    /// - Parameter version: major version of data that exist, such as `15`
    static func find(version: String?, account: ServerAccount?) throws(PostgreSQLError) -> ServerPrograms {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [])
            .sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }
        let search = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let folders = versions.map { "\(root)/\($0)/bin" } + search
        let complete = folders.filter { folder in
            ["initdb", "pg_ctl", "postgres"].allSatisfy { access("\(folder)/\($0)", X_OK) == 0 }
        }
        guard let newest = complete.first else {
            throw PostgreSQLError(
                .server,
                "PostgreSQL is not installed: no initdb under \(root) or in PATH; install it (apt-get install "
                    + "postgresql) or name a server that runs already with --database URL")
        }
        guard let version else { return ServerPrograms(directory: newest, account: account) }
        guard let fitting = complete.first(where: { $0 == "\(root)/\(version)/bin" || !$0.hasPrefix(root) }) else {
            throw PostgreSQLError(
                .server,
                "the data were written by PostgreSQL \(version), which is no longer installed; install "
                    + "postgresql-\(version), or start with an empty data directory")
        }
        return ServerPrograms(directory: fitting, account: account)
    }

    /// Runs one of the programs to its end, as the server's account.
    func run(_ program: String, _ arguments: [String]) throws(PostgreSQLError) -> (status: Int32, output: String) {
        try runCommand(["\(directory)/\(program)"] + arguments)
    }

    /// Runs a command as the server's account, in the root directory since ours may be closed to it.
    func runCommand(_ command: [String]) throws(PostgreSQLError) -> (status: Int32, output: String) {
        let command =
            ["env", "-i", "-C", "/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]
            + (account?.lending(command) ?? command)
        var ends: [Int32] = [-1, -1]
        guard auscult_pipe(&ends) == 0 else { throw Self.failure(of: command, errno) }
        defer { close(ends[0]) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)

        // A service blocks the signals it waits for; the server must hear its own.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))

        var process: pid_t = 0
        let code = withCStrings(command) { arguments in
            let arguments = UnsafeMutablePointer(
                mutating: UnsafeRawPointer(arguments).assumingMemoryBound(
                    to: UnsafeMutablePointer<CChar>?.self))
            return posix_spawnp(&process, command[0], &actions, &attributes, arguments, environ)
        }
        close(ends[1])
        guard code == 0 else { throw Self.failure(of: command, code) }
        let output = Self.readAll(ends[0])
        var status: Int32 = 0
        _ = uninterrupted { waitpid(process, &status, 0) }
        return (status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f), output)
    }

    private static func failure(of command: [String], _ code: Int32) -> PostgreSQLError {
        PostgreSQLError(.server, "cannot run \(command.joined(separator: " ")): \(String(cString: strerror(code)))")
    }

    private static func readAll(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = uninterrupted { read(descriptor, &chunk, chunk.count) }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
