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

    /// Creates the roles and the database; what exists stays.
    func createRoles() throws(PostgreSQLError) {
        let connection = try Connection(url(role: Self.administrator, database: "postgres"))
        let attributes = [Self.owner: "CREATEDB CREATEROLE"]
        for role in [Self.owner, Self.analyst, Self.operator]
        where try connection.execute("SELECT FROM pg_roles WHERE rolname = $1", [.text(role)]).isEmpty {
            // A directory of an earlier version has no password for a role that came later.
            try createPassword(of: role)
            // Roles cannot be created with parameters; the name is ours and the password hexadecimal.
            try connection.executeScript(
                "CREATE ROLE \(role) LOGIN \(attributes[role] ?? "") PASSWORD '\(password(of: role))'")
        }
        if try connection.execute("SELECT FROM pg_database WHERE datname = $1", [.text(Self.database)]).isEmpty {
            try connection.executeScript("CREATE DATABASE \(Self.database) OWNER \(Self.owner)")
        }
    }

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
