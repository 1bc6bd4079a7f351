internal import Files
internal import FoundationEssentials
internal import Glibc

extension PrivateServer {
    /// Makes the directory, the passwords and an empty database.
    func create() throws(PostgreSQLError) {
        guard mkdir(home, 0o700) == 0 || errno == EEXIST else {
            throw PostgreSQLError(.server, "cannot create \(home): \(Self.systemReason)")
        }
        let folder = uninterrupted { open(home, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        guard folder >= 0 else { throw PostgreSQLError(.server, "cannot use \(home): \(Self.systemReason)") }
        defer { close(folder) }
        guard fchmod(folder, 0o700) == 0 else {
            throw PostgreSQLError(.server, "cannot protect \(home): \(Self.systemReason)")
        }
        if let account {
            guard fchown(folder, account.user, account.group) == 0 else {
                throw PostgreSQLError(.server, "cannot give \(home) to \(account.name): \(Self.systemReason)")
            }
            guard try programs.runCommand(["test", "-w", home]).status == 0 else {
                let barrier = account.firstBarrier(to: home) ?? home
                throw PostgreSQLError(
                    .server,
                    "the database server runs as the user '\(account.name)', which may not pass through \(barrier); "
                        + "allow it (chmod o+x \(barrier)) or choose another data directory")
            }
        }
        // A creation that was interrupted leaves half of the data; only whole data get the name we look for.
        let unfinished = "\(home)/data.unfinished"
        if access(unfinished, F_OK) == 0 {
            do {
                try FileManager.default.removeItem(atPath: unfinished)
            } catch {
                throw PostgreSQLError(
                    .server, "cannot remove what an interrupted start left in \(unfinished): \(error)")
            }
        }
        for role in [Self.administrator, Self.owner, Self.analyst, Self.operator] { try createPassword(of: role) }
        let (status, output) = try programs.run(
            "initdb",
            [
                "-D", unfinished, "-U", Self.administrator, "--pwfile=\(passwordFile(of: Self.administrator))",
                "--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C", "--no-instructions",
            ])
        guard status == 0 else { throw failure("create a database in \(home)", output) }
        guard rename(unfinished, data) == 0 else {
            throw PostgreSQLError(.server, "cannot rename \(unfinished): \(Self.systemReason)")
        }
    }

    /// Creates the roles and the database; what exists stays, within the limits of today.
    func createRoles() throws(PostgreSQLError) {
        let connection = try Connection(url(role: Self.administrator, database: "postgres"))
        for role in [Self.owner, Self.analyst, Self.operator]
        where try connection.execute("SELECT FROM pg_roles WHERE rolname = $1", [.text(role)]).isEmpty {
            // A directory of an earlier version has no password for a role that came later.
            try createPassword(of: role)
            // Roles cannot be created with parameters; the name is ours and the password hexadecimal.
            try connection.executeScript(
                "CREATE ROLE \(role) LOGIN PASSWORD '\(password(of: role))'")
        }
        if try connection.execute("SELECT FROM pg_database WHERE datname = $1", [.text(Self.database)]).isEmpty {
            try connection.executeScript("CREATE DATABASE \(Self.database) OWNER \(Self.owner)")
        }
        try connection.executeScript(Self.bounds)
        try Connection(url(role: Self.administrator, database: Self.database)).executeScript(Self.closedFunctions)
    }

    /// What each role may take of the server. The owner makes neither roles nor databases, may end others' sessions, and has
    /// its share of connections in any case.
    private static let bounds = """
        ALTER ROLE \(owner) NOCREATEROLE NOCREATEDB;
        ALTER ROLE \(owner) SET temp_file_limit = -1;
        GRANT pg_signal_backend, pg_read_all_stats TO \(owner);
        ALTER ROLE \(analyst) CONNECTION LIMIT 20;
        ALTER ROLE \(PrivateServer.operator) CONNECTION LIMIT 10;
        \(manners(of: analyst))
        \(manners(of: PrivateServer.operator))
        DO $$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '\(viewOwner)') THEN
                CREATE ROLE \(viewOwner) NOLOGIN;
            END IF;
            IF NOT pg_has_role('\(owner)', '\(viewOwner)', 'member') THEN
                GRANT \(viewOwner) TO \(owner);
            END IF;
        END
        $$;
        """

    /// What a session of a lesser role begins with.
    private static func manners(of role: String) -> String {
        [
            "search_path = auscult, public", "statement_timeout = '5min'",
            "idle_in_transaction_session_timeout = '10min'",
            "max_parallel_workers_per_gather = 1",
            "enable_partitionwise_join = on", "enable_partitionwise_aggregate = on", "jit = off",
            "random_page_cost = 1.1", "work_mem = '32MB'", "temp_file_limit = '4GB'",
        ].map { "ALTER ROLE \(role) SET \($0);" }.joined(separator: "\n")
    }

    /// Functions that everybody may call on a new server, and with which anybody may use up its locks or its disk.
    private static let closedFunctions = """
        DO $$
        DECLARE
            open regprocedure;
        BEGIN
            FOR open IN
                SELECT p.oid FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS acl
                WHERE p.pronamespace = 'pg_catalog'::regnamespace AND acl.grantee = 0
                    AND p.proname ~ '^(pg_(try_)?advisory_|lo_|lowrite$)'
            LOOP
                EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', open);
                EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO \(owner)', open);
            END LOOP;
        END
        $$
        """

    private func passwordFile(of role: String) -> String { "\(home)/\(role).password" }

    func password(of role: String) throws(PostgreSQLError) -> String {
        let path = passwordFile(of: role)
        do throws(FileError) {
            let bytes = try OpenFile(path, .read).contents(limit: 4_096)
            return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        } catch {
            throw PostgreSQLError(.server, "no password: \(error)")
        }
    }

    private func createPassword(of role: String) throws(PostgreSQLError) {
        let path = passwordFile(of: role)
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if file < 0 && errno == EEXIST { return }
        guard file >= 0 else { throw PostgreSQLError(.server, "cannot create \(path): \(Self.systemReason)") }
        defer { close(file) }
        var random = SystemRandomNumberGenerator()
        let digits = (0..<32).map { _ in String(Int.random(in: 0..<16, using: &random), radix: 16) }
        let line = Array((digits.joined() + "\n").utf8)
        if let account { _ = fchown(file, account.user, account.group) }
        guard write(file, line, line.count) == line.count else {
            unlink(path)
            throw PostgreSQLError(.server, "cannot write \(path): \(Self.systemReason)")
        }
    }
}
