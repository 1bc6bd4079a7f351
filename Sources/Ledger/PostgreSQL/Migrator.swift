internal import Plant
package import PostgreSQL

/// Brings a database to the schema of this program.
package struct Migrator {
    /// What a database has of the schema.
    package struct Status: Hashable, Sendable {
        package var applied: [Int]
        package var missing: [Migration]
    }

    private let connection: Connection

    package init(_ connection: Connection) {
        self.connection = connection
    }

    /// Opens a database to look at its schema or to change it.
    package init(_ url: String, applicationName: String = "auscult") throws {
        connection = try Connection(url, applicationName: applicationName)
        try connection.refuseTransactionPooling(url)
    }

    /// `host:port/database`
    package var place: String { connection.place }

    /// Applies the steps that are missing, all in one transaction, and returns them. Two programs that do this at once
    /// wait for each other.
    ///
    /// - Throws: `LedgerError` `.schema` when the database is newer than this program or was made from other files,
    ///   `.unfit` when it is none for us.
    package func migrate() throws -> [Migration] {
        do {
            try connection.standardise()
            guard try !status().missing.isEmpty else { return [] }
            try checkFitness()
            try createTable()
            return try connection.transaction {
                try connection.execute("SET LOCAL lock_timeout = 0")
                try connection.execute("LOCK TABLE auscult.migration IN SHARE ROW EXCLUSIVE MODE")
                let missing = try status().missing
                try connection.execute("SET LOCAL search_path = auscult")
                for migration in missing {
                    try connection.executeScript(migration.sql)
                    try connection.execute(
                        "INSERT INTO auscult.migration (version, name, checksum) VALUES ($1, $2, $3)",
                        [.int(migration.version), .text(migration.name), .bytes(migration.checksum.bytes)])
                }
                // Whatever view or table a step has brought.
                if !missing.isEmpty {
                    try connection.execute("SELECT auscult.guard_views(), auscult.comment_columns()")
                }
                return missing
            }
        } catch let error as PostgreSQLError {
            throw LedgerError(error)
        }
    }

    /// A server's own texts must be those of the wire, and the schema needs somebody who may make one.
    private func checkFitness() throws {
        let row = try connection.execute(
            """
            SELECT current_setting('server_encoding'), current_setting('server_version_num')::integer,
                current_setting('server_version'), current_user::text, current_database()::text,
                coalesce((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = 'auscult'),
                    has_database_privilege(current_database(), 'CREATE'))
            """)[0]
        let (role, database) = (try row.text(3), try row.text(4))
        guard try row.text(0) == "UTF8" else {
            throw LedgerError(
                .unfit,
                "the database at \(connection.place) keeps its texts in \(try row.text(0)), and names of sites and machines "
                    + "need UTF8: make another one (CREATE DATABASE \(database) ENCODING 'UTF8' TEMPLATE template0)")
        }
        guard try row.int(1) >= 140_000 else {
            throw LedgerError(
                .unfit, "PostgreSQL \(try row.text(2)) at \(connection.place) is too old: version 14 or later is needed"
            )
        }
        guard try row.bool(5) else {
            throw LedgerError(
                .unfit,
                "the role \(role) may not make the schema in the database at \(connection.place): its owner or an "
                    + "administrator allows it (GRANT CREATE ON DATABASE \(database) TO \(role))")
        }
    }

    /// Compares the database with this program; changes nothing.
    ///
    /// - Throws: as `migrate`.
    package func status() throws -> Status {
        do {
            let applied = try appliedChecksums()
            if let newest = applied.keys.max(), newest > Migration.newest {
                throw LedgerError(
                    .schema,
                    "the database at \(connection.place) has schema version \(newest), this program knows "
                        + "\(Migration.newest): use the newer auscult")
            }
            if let changed = Migration.all.first(where: { applied[$0.version, default: $0.checksum] != $0.checksum }) {
                throw LedgerError(
                    .schema,
                    "step \(changed.version) (\(changed.name)) of the schema in the database at \(connection.place) "
                        + "was made from another file: use the auscult that made it, or a new database")
            }
            return Status(
                applied: applied.keys.sorted(), missing: Migration.all.filter { applied[$0.version] == nil })
        } catch let error as PostgreSQLError {
            throw LedgerError(error)
        }
    }

    /// Two programs may do this at the same moment: whoever comes second finds it done.
    private func createTable() throws {
        do {
            try makeTable()
        } catch {
            guard PostgreSQLError.duplicateStates.contains(error.sqlState ?? "") else { throw error }
            try makeTable()
        }
    }

    private func makeTable() throws(PostgreSQLError) {
        // Asked first: a role that may not create schemas can still be content with one that is there.
        if try connection.execute("SELECT FROM pg_namespace WHERE nspname = 'auscult'").isEmpty {
            try connection.execute("CREATE SCHEMA auscult")
        }
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS auscult.migration (
                version bigint PRIMARY KEY, name text NOT NULL, checksum bytea NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now())
            """)
    }

    private func appliedChecksums() throws -> [Int: ContentHash] {
        guard try connection.execute("SELECT to_regclass('auscult.migration') IS NOT NULL")[0].bool(0) else {
            return [:]
        }
        let rows = try connection.execute("SELECT version, checksum FROM auscult.migration")
        return try Dictionary(uniqueKeysWithValues: rows.map { try ($0.int(0), $0.hash(1)) })
    }
}
