internal import FoundationEssentials
internal import Glibc

/// A PostgreSQL server of our own under one directory, on loopback only.
///
/// Everything lies in `DIRECTORY/postgres`: the data, the log, and the passwords, each readable by its owner alone.
/// The server is a process of its own that outlives us: whoever opens the same directory later, after a crash of ours
/// for instance, finds it running and takes it over. It serves the database `auscult`, which belongs to the role
/// `auscult`; the role `auscult_analyst` may read what it is given, `auscult_operator` give the orders it is given.
///
/// Calls block while programs run; one thread at a time, hence not Sendable.
package final class PrivateServer {
    package static let owner = "auscult"
    package static let analyst = "auscult_analyst"
    package static let `operator` = "auscult_operator"
    /// Owns the views, and reads the tables under their policies.
    static let viewOwner = "auscult_reader"
    package static let database = "auscult"
    /// May do everything; for setting up and for tests.
    package static let administrator = "postgres"

    /// `DIRECTORY/postgres`.
    package let home: String
    private let settings: [String: String]
    private let environment: [String: String]
    let account: ServerAccount?
    let programs: ServerPrograms
    /// Where it listens on 127.0.0.1; 0 before the start.
    package private(set) var port = 0

    /// Prepares the directory; creates the data when there are none.
    ///
    /// - Parameters:
    ///   - directory: must exist
    ///   - settings: of `postgresql.conf`, on top of ours
    ///   - environment: of the server, on top of ours
    /// - Throws: `.server` when PostgreSQL is not installed, the disk is full, or the directory is out of reach for the
    ///   account that the server runs as.
    package init(directory: String, settings: [String: String] = [:], environment: [String: String] = [:])
        throws(PostgreSQLError)
    {
        guard let resolved = realpath(directory, nil) else {
            throw PostgreSQLError(.server, "the data directory \(directory): \(Self.systemReason)")
        }
        defer { free(resolved) }
        home = "\(String(cString: resolved))/postgres"
        self.settings = Self.settings.merging(settings) { $1 }
        self.environment = environment
        account = try ServerAccount.forThisProcess()
        let version = try? String(contentsOfFile: "\(home)/data/PG_VERSION", encoding: .utf8)
        programs = try ServerPrograms.find(
            version: version?.split(separator: "\n").first.map(String.init), account: account)
        if version == nil { try create() }
    }

    /// Durable always; sized for a host that has other work to do.
    private static let settings = [
        "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "on", "synchronous_commit": "on",
        "shared_buffers": "128MB", "max_wal_size": "2GB", "wal_compression": "on", "jit": "off",
        "password_encryption": "scram-sha-256", "log_checkpoints": "off",
        // A statement of an analyst's takes a lock for each partition and index that it reads.
        "max_locks_per_transaction": "256", "temp_file_limit": "8GB",
    ]

    // MARK: Start and stop

    /// Starts the server, or takes over one that runs on this directory, and returns when it accepts connections.
    ///
    /// - Parameter known: the port that clients know it by, when it ran before; it listens there or throws.
    package func start(at known: Int? = nil) throws(PostgreSQLError) {
        if try !adopt() {
            endOrphans()
            // Another process may take the port between our look and the server's.
            for attempt in 1... {
                let port = if let known { known } else { try Self.freePort(preferring: attempt == 1 ? lastPort : nil) }
                // Whatever an earlier server had to say is none of this one's reasons.
                let begin = logLength
                let process = try launch(at: port)
                if try adopt(launched: process) { break }
                let words = logText(from: begin)
                guard known == nil, attempt < 3, words.contains("could not bind") else {
                    throw failure("start the database server", words)
                }
            }
        }
        guard known == nil || port == known else {
            throw PostgreSQLError(
                .server, "the database server on \(data) was started at port \(port) meanwhile, not at \(known ?? 0)")
        }
        try? "\(port)\n".write(toFile: "\(home)/port", atomically: true, encoding: .utf8)
        try createRoles()
    }

    /// Stops the server in order: sessions are cut, everything is written. Returns when it has ended.
    package func stop() throws(PostgreSQLError) { try stop(by: SIGINT) }

    /// Stops the server as a crash would; it recovers at the next start.
    package func stopImmediately() throws(PostgreSQLError) { try stop(by: SIGQUIT) }

    private func stop(by signal: Int32) throws(PostgreSQLError) {
        guard let process = processIdentifier else { return }
        let begin = logLength
        guard kill(process, signal) == 0 || errno == ESRCH else {
            throw PostgreSQLError(.server, "cannot stop the database server \(process): \(Self.systemReason)")
        }
        Self.wait(forEndOf: process, milliseconds: 60_000)
        guard processIdentifier == nil else {
            throw failure("stop the database server", "it is still there after a minute\n" + logText(from: begin))
        }
    }

    /// The server's process, nil when none runs on our data.
    package var processIdentifier: Int32? {
        guard let first = lockFile.first, let process = Int32(first) else { return nil }
        // A number left behind by a crash may belong to somebody else by now; the server works inside its data.
        return isAtWorkOnOurData(process) ? process : nil
    }

    /// The server, in a session of its own: it outlives us, and no key on our terminal reaches it.
    private func launch(at port: Int) throws(PostgreSQLError) -> Int32 {
        let options = settings.map { "\($0.key)=\($0.value)" }.sorted().flatMap { ["-c", $0] }
        let file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw PostgreSQLError(.server, "cannot write \(log): \(Self.systemReason)") }
        defer { close(file) }
        if let account { _ = fchown(file, account.user, account.group) }
        return try programs.launch(
            "postgres", ["-D", data, "-p", "\(port)"] + options, environment: environment, output: file)
    }

    /// Takes over a server that runs already, or is about to.
    ///
    /// - Parameter launched: the process that becomes the server, nil where it is to be found.
    /// - Returns: false where none runs.
    private func adopt(launched: Int32? = nil) throws(PostgreSQLError) -> Bool {
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while launched.map({ !Self.hasEnded($0) }) ?? (processIdentifier != nil) {
            if processIdentifier != nil, lockFile.count >= 4, let port = Int(lockFile[3]) {
                self.port = port
                do {
                    _ = try Connection(url(role: Self.administrator, database: "postgres"))
                    return true
                } catch  where error.isUnreachable {
                    // It starts, recovers or stops; look again.
                }
            }
            guard ContinuousClock.now < deadline else {
                throw PostgreSQLError(
                    .server,
                    "a database server runs on \(data) but has not accepted connections for a minute; see \(log)")
            }
            usleep(50_000)
        }
        return false
    }

    /// Whether there is such a server's data under a directory.
    package static func exists(in directory: String) -> Bool {
        access("\(directory)/postgres/data/PG_VERSION", F_OK) == 0
    }

    // MARK: Addresses

    /// The database as its owner, password included.
    package func databaseURL() throws(PostgreSQLError) -> String {
        try url(role: Self.owner, database: Self.database)
    }

    /// The database as the analyst, password included.
    package func analystURL() throws(PostgreSQLError) -> String {
        try url(role: Self.analyst, database: Self.database)
    }

    /// The database as the operator, password included.
    package func operatorURL() throws(PostgreSQLError) -> String {
        try url(role: Self.operator, database: Self.database)
    }

    /// The database as the server's administrator, password included.
    package func administratorURL() throws(PostgreSQLError) -> String {
        try url(role: Self.administrator, database: Self.database)
    }

    /// A URL with the role's own password.
    package func url(role: String, database: String) throws(PostgreSQLError) -> String {
        "postgresql://\(role):\(try password(of: role))@127.0.0.1:\(port)/\(database)"
    }

    // MARK: Files

    var data: String { "\(home)/data" }
    private var log: String { "\(home)/log" }
    private var lockFile: [Substring] {
        ((try? String(contentsOfFile: "\(data)/postmaster.pid", encoding: .utf8)) ?? "").split(
            separator: "\n", omittingEmptySubsequences: false)
    }
    private var logLength: Int {
        var status = stat()
        return stat(log, &status) == 0 ? Int(status.st_size) : 0
    }
    /// What the server has written since its log had a length, the last of it.
    private func logText(from begin: Int) -> String {
        let bytes = (try? Data(contentsOf: URL(filePath: log)))?.dropFirst(begin).suffix(4_096)
        return String(decoding: bytes ?? Data(), as: UTF8.self)
    }
    private var lastPort: Int? {
        (try? String(contentsOfFile: "\(home)/port", encoding: .utf8)).flatMap { Int($0.dropLast()) }
    }

    /// A port of 127.0.0.1 that nobody listens on now.
    private static func freePort(preferring wanted: Int?) throws(PostgreSQLError) -> Int {
        for port in [wanted ?? 0, 0] {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            defer { close(descriptor) }
            // Connections of a server that just ended linger; as the server, look past them.
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
            address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let found = withUnsafeMutablePointer(to: &address) { address in
                address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
                }
            }
            if found { return Int(UInt16(bigEndian: address.sin_port)) }
        }
        throw PostgreSQLError(.server, "no port of 127.0.0.1 is free: \(systemReason)")
    }

    func failure(_ action: String, _ output: String) -> PostgreSQLError {
        if output.contains("No space left on device") {
            return PostgreSQLError(
                .server, "cannot \(action): the disk that holds \(home) is full; make room and try again")
        }
        let lines = output.split(separator: "\n")
        let telling = lines.filter { line in ["FATAL", "PANIC", "error:"].contains { line.contains($0) } }
        let reason = (telling.isEmpty ? lines.suffix(2) : telling.suffix(2)).joined(separator: "; ")
        return PostgreSQLError(.server, "cannot \(action): \(reason); the server's log is \(log)")
    }

    static var systemReason: String { String(cString: strerror(errno)) }
}
