package import Plant
internal import PostgreSQL

extension PostgreSQLLedger: BrokerLedger {
    package func openEpoch(holder: String) throws -> UInt32 {
        try ensurePartitions()
        return try transaction { connection in
            try Self.cutOffStoppedWriters(connection)
            // Waits for the writes of the former epoch; after them nothing below `settled` can open any more.
            let epoch = try connection.execute(
                "UPDATE auscult.broker_epoch SET epoch = epoch + 1, holder = $1, opened_at = now() RETURNING epoch",
                [.text(holder)])[0].int64(0)
            try connection.execute(
                """
                UPDATE auscult.broker_epoch SET settled = coalesce(
                    (SELECT min(job) - 1 FROM auscult.open_clip), (SELECT max(job) FROM auscult.clip), settled)
                """)
            return UInt32(epoch)
        }
    }

    /// A broker that was stopped in the middle of a transaction would make its successor wait for ever.
    private static func cutOffStoppedWriters(_ connection: Connection) throws {
        try connection.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE relation = 'auscult.broker_epoch'::regclass AND mode = 'RowShareLock' AND pid <> pg_backend_pid()
                AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '2 seconds'
            """)
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
                INSERT INTO auscult.content (sha256, segment, position, length) SELECT * FROM unnest($1, $2, $3, $4)
                ON CONFLICT DO NOTHING
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
                "SELECT file FROM auscult.model_version WHERE file_sha256 = $1 LIMIT 1", [.bytes(hash.bytes)]
            ).first.map { try $0.bytes(0) }
        }
    }

    /// Makes sure every hour that the days to come have their partitions.
    func ensurePartitions() throws {
        try withSession { session, connection in
            let now = ContinuousClock.now
            if let last = session.partitionsEnsuredAt, now - last < .seconds(3600) { return }
            try connection.execute("SELECT auscult.ensure_partitions(7)")
            session.partitionsEnsuredAt = now
        }
    }
}
