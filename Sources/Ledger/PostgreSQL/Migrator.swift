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

    /// Applies the steps that are missing, all in one transaction, and returns them. Two programs that do this at once
    /// wait for each other.
    ///
    /// - Throws: `LedgerError` `.schema` when the database is newer than this program or was made from other files.
    package func migrate() throws -> [Migration] {
        do {
            return try connection.transaction {
                try connection.execute("SELECT pg_advisory_xact_lock(hashtext('auscult.migration'))")
                try createTable()
                let missing = try status().missing
                try connection.execute("SET LOCAL search_path = auscult")
                for migration in missing {
                    try connection.executeScript(migration.sql)
                    try connection.execute(
                        "INSERT INTO auscult.migration (version, name, checksum) VALUES ($1, $2, $3)",
                        [.int(migration.version), .text(migration.name), .bytes(migration.checksum.bytes)])
                }
                return missing
            }
        } catch let error as PostgreSQLError {
            throw LedgerError(error)
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

    private func createTable() throws {
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
