internal import PostgreSQL

extension PostgreSQLLedger: SessionLedger {
    package func lesserSessions() throws -> [LesserSession] {
        try perform { connection in
            try connection.execute(
                """
                SELECT process, login, session, transaction, coalesce(statement, ''), coalesce(is_idle, false), locks, blocks_us
                FROM auscult.lesser_sessions() WHERE session IS NOT NULL
                """
            ).map { row in
                LesserSession(
                    process: try row.int64(0), login: try row.text(1), session: try row.text(2),
                    transaction: try row.optionalText(3), statement: try row.text(4), isIdle: try row.bool(5),
                    locks: try row.int(6), blocksUs: try row.bool(7))
            }
        }
    }

    package func end(sessions: [Int64]) throws {
        guard !sessions.isEmpty else { return }
        try perform { connection in
            _ = try connection.execute(
                "SELECT pg_terminate_backend(pid::integer) FROM unnest($1) AS pid", [.int64s(sessions)])
        }
    }

    /// Says that the bytes of this database's clips lie in a data directory.
    ///
    /// - Parameter place: of the directory, for people.
    /// - Throws: `.unfit` when they lie in another cluster's.
    package func join(cluster identity: String, at place: String) throws {
        let owner = try transaction { connection in
            try connection.execute(
                "INSERT INTO auscult.cluster (identity, place) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                [.text(identity), .text(place)])
            let row = try connection.execute("SELECT identity, place FROM auscult.cluster")[0]
            return (identity: try row.text(0), place: try row.text(1))
        }
        guard owner.identity != identity else { return }
        throw LedgerError(
            .unfit,
            "this database belongs to the cluster of \(owner.place), which keeps its clips' bytes there: give this one a database "
                + "of its own, or run it with that --data directory")
    }
}
