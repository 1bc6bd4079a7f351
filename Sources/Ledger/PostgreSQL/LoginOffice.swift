internal import PostgreSQL

/// What somebody who was granted a login may do.
package enum LoginRole: String, CaseIterable, Sendable { case analyst, `operator` }

/// Grants and ends logins of persons and programs.
///
/// Two roles work together: the schema's owner keeps the record of who may see which sites, and an administrator makes the
/// roles. The administrator calls nothing that the owner could have changed.
package struct LoginOffice {
    private let owner: Connection
    private let administrator: Connection

    /// - Parameters:
    ///   - url: the database as the schema's owner
    ///   - administratorURL: as a role that may create roles; the owner where nil.
    package init(_ url: String, administratorURL: String?) throws {
        owner = try Connection(url, applicationName: "auscult db")
        administrator = try Connection(administratorURL ?? url, applicationName: "auscult db")
        let row = try administrator.execute(
            "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        guard try row.first?.bool(0) == true else {
            throw LedgerError(
                .refused,
                "the role in this URL may not create logins: give the URL of one that may (CREATEROLE), or set AUSCULT_DATA "
                    + "to the directory of 'auscult up'")
        }
    }

    /// Makes a login, or gives one another password, role and sites.
    ///
    /// - Parameter sites: the only ones it may see; every site when nil.
    /// - Returns: the database's URL for it, password included; nobody can find out the password later.
    package func grant(_ name: String, role: LoginRole, sites: [String]?) throws -> String {
        try Self.check(name)
        let isKnown = try !owner.execute("SELECT FROM auscult.login WHERE name = $1", [.text(name)]).isEmpty
        let exists = try !administrator.execute("SELECT FROM pg_roles WHERE rolname = $1", [.text(name)]).isEmpty
        guard isKnown || !exists else {
            throw LedgerError(.refused, "there is a role \(name) that was not granted here: choose another name")
        }
        if sites != nil { try checkSitesAreGuarded() }
        // The record first: a login without a record would see every site.
        try owner.execute(
            """
            INSERT INTO auscult.login (name, role, sites) VALUES ($1, $2, CASE WHEN $4 THEN $3 END)
            ON CONFLICT (name) DO UPDATE SET
                (role, sites, granted_at, granted_by) = (excluded.role, excluded.sites, now(), session_user)
            """, [.text(name), .text(role.rawValue), .texts(sites ?? []), .bool(sites != nil)])
        let password = Self.randomPassword()
        try administrator.transaction {
            // The server, and whatever it logs, never sees the password itself.
            let verifier = try administrator.passwordVerifier(password, user: name)
            if !exists { try administrator.execute("CREATE ROLE \"\(name)\" CONNECTION LIMIT 20") }
            try administrator.execute("REVOKE auscult_analyst, auscult_operator FROM \"\(name)\"")
            try administrator.execute("GRANT auscult_\(role.rawValue) TO \"\(name)\"")
            try administrator.execute("ALTER ROLE \"\(name)\" LOGIN PASSWORD '\(verifier)'")
            try copySettings(of: role, to: name)
        }
        return "postgresql://\(name):\(password)@\(owner.place)"
    }

    /// Ends a login: its sessions are cut, and nobody logs in with it any more.
    package func revoke(_ name: String) throws {
        guard try !owner.execute("SELECT FROM auscult.login WHERE name = $1", [.text(name)]).isEmpty else {
            throw LedgerError(.notFound, "no login \(name) was granted here")
        }
        if try !administrator.execute("SELECT FROM pg_roles WHERE rolname = $1", [.text(name)]).isEmpty {
            try administrator.execute("ALTER ROLE \"\(name)\" NOLOGIN")
            try administrator.execute("REVOKE auscult_analyst, auscult_operator FROM \"\(name)\"")
            try administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", [.text(name)])
            try administrator.execute("DROP OWNED BY \"\(name)\"")
            try administrator.execute("DROP ROLE \"\(name)\"")
        }
        // The record last: a session that still reads would see every site without it.
        try owner.execute("DELETE FROM auscult.login WHERE name = $1", [.text(name)])
    }

    /// PostgreSQL does not hand a role's settings on to its members.
    private func copySettings(of role: LoginRole, to name: String) throws {
        let settings = try administrator.execute(
            """
            SELECT unnest(setconfig) FROM pg_db_role_setting
            WHERE setdatabase = 0 AND setrole = to_regrole($1)
            """, [.text("auscult_\(role.rawValue)")]
        ).map { try $0.text(0) }
        for setting in settings {
            guard let sign = setting.firstIndex(of: "=") else { continue }
            let key = setting[..<sign]
            guard key.utf8.allSatisfy({ (97...122).contains($0) || $0 == UInt8(ascii: "_") }) else { continue }
            try administrator.execute(
                "SELECT set_config($1, $2, true)",
                [.text(String(key)), .text(String(setting[setting.index(after: sign)...]))])
            try administrator.execute("ALTER ROLE \"\(name)\" SET \(key) FROM CURRENT")
        }
    }

    private func checkSitesAreGuarded() throws {
        let row = try owner.execute(
            "SELECT coalesce((SELECT relrowsecurity FROM pg_class WHERE oid = 'auscult.result'::regclass), false)")[0]
        guard try row.bool(0) else {
            throw LedgerError(
                .refused,
                "logins cannot be limited to sites here: the role auscult_reader was missing when the schema was made; let an "
                    + "administrator create it and grant it to the owner, then run 'SELECT auscult.guard_views()' as the owner"
            )
        }
    }

    private static func check(_ name: String) throws {
        let isLetter = { (byte: UInt8) in (97...122).contains(byte | 32) }
        let bytes = Array(name.utf8)
        let isFit =
            bytes.first.map(isLetter) == true && bytes.count <= 60
            && bytes.allSatisfy { isLetter($0) || (48...57).contains($0) || [45, 95].contains($0) }
            && !["auscult", "pg_", "postgres"].contains { name.lowercased().hasPrefix($0) }
        guard isFit else {
            throw LedgerError(
                .refused,
                "'\(name)' cannot be the name of a login: take a letter, then letters, digits, '_' or '-', at most 60 of "
                    + "them, and not 'auscult', 'pg_' or 'postgres' in front")
        }
    }

    /// 32 hexadecimal digits.
    private static func randomPassword() -> String {
        var random = SystemRandomNumberGenerator()
        return String((0..<32).map { _ in "0123456789abcdef".randomElement(using: &random) ?? "0" })
    }
}
