package import Plant
internal import PostgreSQL

extension PostgreSQLLedger: BrokerLedger {
    package func openEpoch(holder: String) throws -> UInt32 {
        var watch = StandstillWatch(patience: .seconds(1))
        while true {
            if let epoch = try raiseEpoch(holder: holder) { return epoch }
            try cutOffStoppedWriters(&watch)
        }
    }

    /// Nil while a transaction of the former epoch takes its time.
    private func raiseEpoch(holder: String) throws -> UInt32? {
        try perform { connection in
            do {
                return try connection.transaction {
                    try connection.execute("SET LOCAL lock_timeout = '250ms'")
                    // Waits for the writes of the former epoch.
                    let epoch = try connection.execute(
                        "UPDATE auscult.broker_epoch SET epoch = epoch + 1, holder = $1, opened_at = now() RETURNING epoch",
                        [.text(holder)])[0].int64(0)
                    try Self.beginDay(at: nil, connection)
                    return UInt32(epoch)
                }
            } catch let error as PostgreSQLError where error.sqlState == PostgreSQLError.lockNotAvailable {
                return nil
            }
        }
    }

    /// A broker that was stopped in the middle of a transaction would make its successor wait for ever.
    private func cutOffStoppedWriters(_ watch: inout StandstillWatch) throws {
        let idle = try perform { connection in
            try connection.execute(
                """
                SELECT pid, state_change::text FROM pg_locks JOIN pg_stat_activity USING (pid)
                WHERE relation = 'auscult.broker_epoch'::regclass AND mode IN ('RowShareLock', 'RowExclusiveLock')
                    AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'
                """
            ).map { StandstillWatch.Session(process: try $0.int64(0), state: try $0.text(1)) }
        }
        let stopped = watch.standing(still: idle, now: .now)
        guard !stopped.isEmpty else { return }
        try perform { connection in
            _ = try connection.execute(
                "SELECT pg_terminate_backend(pid::integer) FROM unnest($1) AS pid", [.int64s(stopped)])
        }
    }

    package func location(of content: ContentHash) throws -> SegmentLocation? {
        try perform { connection in
            try connection.execute(
                "SELECT segment, position, length FROM auscult.content WHERE sha256 = $1", [.bytes(content.bytes)]
            ).first.map { try $0.location(0) }
        }
    }

    package func recordContent(_ contents: [(hash: ContentHash, location: SegmentLocation)], epoch: UInt32) throws {
        try transaction(epoch: epoch) { connection in
            _ = try connection.execute(
                """
                INSERT INTO auscult.content (sha256, segment, position, length)
                SELECT DISTINCT ON (sha256) * FROM unnest($1, $2, $3, $4) AS put (sha256, segment, position, length)
                ON CONFLICT (sha256) DO UPDATE
                SET (segment, position, length) = (excluded.segment, excluded.position, excluded.length)
                """,
                [
                    .byteStrings(contents.map(\.hash.bytes)), .int64s(contents.map(\.location.segment)),
                    .int64s(contents.map(\.location.offset)), .int64s(contents.map(\.location.length)),
                ])
        }
    }

    package func modelFile(_ hash: ContentHash) throws -> [UInt8]? {
        try perform { connection in
            try connection.execute(
                "SELECT file, file_sha256, version FROM auscult.model_version WHERE file_sha256 = $1 LIMIT 1",
                [.bytes(hash.bytes)]
            ).first.map { try $0.modelFile() }
        }
    }
}
