internal import CSupport
internal import Files
internal import FoundationEssentials
internal import Glibc

/// The programs of an installed PostgreSQL: `initdb` and `postgres`.
struct ServerPrograms: Sendable {
    /// The folder that holds them.
    let directory: String
    let account: ServerAccount?

    /// POSIX_SPAWN_SETSID, which glibc's Swift module hides.
    private static let newSession: Int16 = 0x80

    /// Finds the newest installation, or the one of a given major version since data of another cannot be read. The folder
    /// that `AUSCULT_POSTGRESQL` names goes before all others.
    ///
    /// - Parameter version: major version of data that exist, such as `15`
    static func find(version: String?, account: ServerAccount?) throws(PostgreSQLError) -> ServerPrograms {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [])
            .sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }
        let search = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let chosen = (ProcessInfo.processInfo.environment["AUSCULT_POSTGRESQL"]).map { [$0] } ?? []
        let folders = chosen + versions.map { "\(root)/\($0)/bin" } + search
        let complete = folders.filter { folder in
            ["initdb", "postgres"].allSatisfy { access("\(folder)/\($0)", X_OK) == 0 }
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

    /// Runs a command as the server's account to its end.
    func runCommand(_ command: [String]) throws(PostgreSQLError) -> (status: Int32, output: String) {
        var ends: [Int32] = [-1, -1]
        guard auscult_pipe(&ends) == 0 else { throw Self.failure(of: command, errno) }
        defer { close(ends[0]) }
        let process: pid_t
        do {
            defer { close(ends[1]) }
            process = try spawn(command, environment: [:], output: ends[1])
        }
        let output = Self.readAll(ends[0])
        var status: Int32 = 0
        _ = uninterrupted { waitpid(process, &status, 0) }
        return (status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f), output)
    }

    /// Starts one of the programs and leaves it to itself.
    ///
    /// - Parameter output: gets what it writes.
    func launch(
        _ program: String, _ arguments: [String], environment: [String: String], output: Int32
    ) throws(PostgreSQLError) -> Int32 {
        try spawn(["\(directory)/\(program)"] + arguments, environment: environment, output: output)
    }

    /// Starts a command as the server's account, in a session of its own and in the root directory since ours may be
    /// closed to it. No shell reads the command.
    private func spawn(
        _ command: [String], environment: [String: String], output: Int32
    ) throws(PostgreSQLError) -> Int32 {
        // Its environment is its own: the program that changes the account does not see it.
        let own = environment.isEmpty ? [] : ["env"] + environment.map { "\($0.key)=\($0.value)" }
        let command =
            ["env", "-i", "-C", "/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]
            + (account?.lending(own + command) ?? own + command)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        auscult_spawn_close_from(&actions, 3)

        // A service blocks the signals it waits for; the server must hear its own.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Self.newSession)

        var process: pid_t = 0
        let code = withCStrings(command) { arguments in
            let arguments = UnsafeMutablePointer(
                mutating: UnsafeRawPointer(arguments).assumingMemoryBound(
                    to: UnsafeMutablePointer<CChar>?.self))
            return posix_spawnp(&process, command[0], &actions, &attributes, arguments, environ)
        }
        guard code == 0 else { throw Self.failure(of: command, code) }
        return process
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
