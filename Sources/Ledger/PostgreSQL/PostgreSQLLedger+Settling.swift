internal import PostgreSQL

// How the queue does not age: jobs are filed under days that only grow, and `settled` follows the newest job.

extension PostgreSQLLedger {
    package func settle(epoch: UInt32, at time: Int64?) throws {
        let mark = try transaction(alone: epoch) { connection in
            try Self.beginDay(at: time, connection)
            // Whoever was about to use a smaller number has ended by now.
            return try connection.execute("SELECT auscult.newest_job()")[0].int64(0)
        }
        // May take a while, and nobody waits for it.
        try perform { connection in _ = try connection.execute("SELECT auscult.list_open($1)", [.int64(mark)]) }
        try transaction(alone: epoch) { connection in
            _ = try connection.execute("SELECT auscult.settle($1)", [.int64(mark)])
        }
    }

    /// The caller is alone in its epoch.
    static func beginDay(at time: Int64?, _ connection: Connection) throws {
        try connection.execute(
            "SELECT auscult.begin_day((coalesce($1, now()) AT TIME ZONE 'UTC')::date)", [.timestamp(time)])
    }
}
