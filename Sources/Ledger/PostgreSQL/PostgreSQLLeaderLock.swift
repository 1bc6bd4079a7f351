internal import PostgreSQL
internal import Synchronization

/// An advisory lock on a connection of its own: it is free again as soon as its holder's process or connection ends.
///
/// A holder that is stopped without ending keeps its connection, and with it the lock; so a holder calls `hold` twice a
/// second, and one that has not for `patienceSeconds` of the server's clock is cut off by whoever wants the lock next.
package final class PostgreSQLLeaderLock: LeaderLock {
    private struct Session {
        var connection: Connection?
        var isHeld = false
    }

    /// Names the lock among the advisory locks of the database: the letters `AUSC`.
    private static let key: Int64 = 0x4155_5343
    static let patienceSeconds = 2

    private let url: String
    private let session = Mutex(Session())

    package init(_ url: String) { self.url = url }

    package func hold() throws -> Bool {
        try session.withLock { session in
            do {
                let connection = try session.connection ?? Connection(url, applicationName: "auscult broker lock")
                session.connection = connection
                if session.isHeld {
                    try connection.execute("SELECT 1")
                } else {
                    try Self.cutOffStoppedHolder(connection)
                    session.isHeld = try connection.execute(
                        "SELECT pg_try_advisory_lock($1)", [.int64(Self.key)])[0].bool(0)
                }
                return session.isHeld
            } catch let error as PostgreSQLError {
                session = Session()
                throw LedgerError(error)
            }
        }
    }

    package func release() { session.withLock { $0 = Session() } }

    /// Says nothing about holders of other roles, whose activity we may not see.
    private static func cutOffStoppedHolder(_ connection: Connection) throws {
        try connection.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = $1 AND objsubid = 1
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND state_change < clock_timestamp() - make_interval(secs => \(patienceSeconds))
            """, [.int64(key)])
    }
}
