internal import PostgreSQL

extension PostgreSQLLedger: RetentionLedger {
    package func retentionPolicy() throws -> RetentionPolicy {
        try perform { connection in
            let row = try connection.execute("SELECT bytes_days, rows_days FROM auscult.retention")[0]
            return RetentionPolicy(
                bytesDays: try row.optionalInt64(0).map { Int($0) }, rowsDays: try row.optionalInt64(1).map { Int($0) })
        }
    }

    package func keep(_ policy: RetentionPolicy) throws {
        try perform { connection in
            _ = try connection.execute(
                "SELECT auscult.set_retention($1::integer, $2::integer)",
                [.int(policy.bytesDays), .int(policy.rowsDays)])
        }
    }

    package func calendar() throws -> Int64 {
        try perform { connection in try connection.execute("SELECT clock_timestamp()")[0].timestamp(0) }
    }

    package func rollUp() throws {
        try perform { connection in _ = try connection.execute("SELECT auscult.roll_up()") }
    }

    /// Tables leave their parents without waiting for whoever reads these: where somebody still reads an old day, it stays
    /// half gone until a later call. Its clips go first, so that no clip is ever seen without its result.
    package func dropOldDays(at time: Int64?) throws -> Int {
        try perform { connection in
            let over = try connection.names(
                "SELECT to_char(d, 'YYYYMMDD') FROM auscult.days_over((coalesce($1, now()) AT TIME ZONE 'UTC')::date) AS d",
                [.timestamp(time)])
            for day in over { _ = try connection.detach("clip_\(day)", from: "clip") }
            var dropped = 0
            for day in try connection.names("SELECT to_char(d, 'YYYYMMDD') FROM auscult.days_half_gone() AS d") {
                guard try connection.detach("clip_\(day)", from: "clip") else { continue }
                let row = try connection.execute("SELECT auscult.forget_day($1::text::date)", [.text(day)])[0]
                if try row.bool(0) { dropped += 1 }
            }
            for month in try connection.names("SELECT m FROM auscult.empty_months() AS m") {
                guard try connection.detach(month, from: "result") else { continue }
                try connection.execute("DROP TABLE auscult.\(month)")
            }
            return dropped
        }
    }

    package func unneededSegments(among candidates: [Int64], at time: Int64?) throws -> [Int64] {
        try perform { connection in
            try connection.execute(
                "SELECT auscult.unneeded_segments($1, coalesce($2, now()))", [.int64s(candidates), .timestamp(time)]
            ).map { try $0.int64(0) }
        }
    }
}
extension Connection {
    fileprivate func names(_ sql: String, _ parameters: [Parameter] = []) throws(PostgreSQLError) -> [String] {
        var names: [String] = []
        for row in try execute(sql, parameters) { names.append(try row.text(0)) }
        return names
    }

    /// Takes a partition from its parent without waiting for whoever reads the parent, nor making anybody wait.
    ///
    /// - Returns: false while somebody still reads the partition: newcomers see it no more, and it stays until later.
    fileprivate func detach(_ child: String, from parent: String) throws(PostgreSQLError) -> Bool {
        let rows = try execute(
            "SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = to_regclass('auscult.' || $1)", [.text(child)])
        guard let row = rows.first else { return true }
        let way = try row.bool(0) ? "FINALIZE" : "CONCURRENTLY"
        let patience = try names("SELECT current_setting('lock_timeout')")
        try execute("SET lock_timeout = '200ms'")
        var failure: PostgreSQLError?
        do {
            try execute("ALTER TABLE auscult.\(parent) DETACH PARTITION auscult.\(child) \(way)")
        } catch {
            failure = error
        }
        guard isAlive else { throw failure ?? PostgreSQLError(.unreachable, "the database at \(place) went away") }
        try execute("SELECT set_config('lock_timeout', $1, false)", [.text(patience.first)])
        guard let failure else { return true }
        guard failure.sqlState == PostgreSQLError.lockNotAvailable else { throw failure }
        return false
    }
}
