internal import PostgreSQL
internal import Synchronization

/// The lock of a view that only the broker's role may lock, in a transaction on a connection of its own: it is free again as
/// soon as its holder's process or connection ends. The transaction sees nothing and writes nothing, so no vacuum waits for
/// it.
///
/// A holder that is stopped without ending keeps its connection, and with it the lock; so a holder calls `hold` twice a
/// second, and one that has not for `patience` is cut off by whoever wants the lock next.
package final class PostgreSQLLeaderLock: LeaderLock {
    private struct Session {
        var connection: Connection?
        var isHeld = false
        var watch = StandstillWatch(patience: PostgreSQLLeaderLock.patience)
    }

    private static let patience = Duration.seconds(2)
    /// There is no such view, or no such schema.
    private static let missingStates: Set = ["42P01", "3F000"]

    private let url: String
    private let session = Mutex(Session())

    package init(_ url: String) { self.url = url }

    package func hold() throws -> Bool {
        try session.withLock { session in
            do {
                let connection = try session.connection ?? open()
                session.connection = connection
                if session.isHeld {
                    try connection.command("SELECT")
                } else {
                    try Self.cutOffStoppedHolder(connection, &session.watch)
                    session.isHeld = try Self.take(connection)
                }
                return session.isHeld
            } catch let error as PostgreSQLError {
                session.connection = nil
                session.isHeld = false
                guard let state = error.sqlState, Self.missingStates.contains(state) else { throw LedgerError(error) }
                throw LedgerError(
                    .schema, "the database has not the schema of this program: run 'auscult db migrate'")
            }
        }
    }

    package func release() { session.withLock { $0 = Session() } }

    private func open() throws -> Connection {
        let connection = try Connection(url, applicationName: "auscult broker lock")
        try connection.refuseTransactionPooling(url)
        try connection.standardise()
        return connection
    }

    private static func take(_ connection: Connection) throws -> Bool {
        try connection.command("BEGIN ISOLATION LEVEL READ COMMITTED")
        do {
            try connection.command("LOCK TABLE auscult.leader_seat IN EXCLUSIVE MODE NOWAIT")
            return true
        } catch {
            guard error.sqlState == PostgreSQLError.lockNotAvailable else { throw error }
            try connection.command("ROLLBACK")
            return false
        }
    }

    /// Says nothing about holders of other roles, whose activity we may not see.
    private static func cutOffStoppedHolder(_ connection: Connection, _ watch: inout StandstillWatch) throws {
        let holders = try connection.execute(
            """
            SELECT pid, state_change::text FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND relation = 'auscult.leader_seat'::regclass AND mode = 'ExclusiveLock' AND granted
                AND state_change IS NOT NULL
            """
        ).map { StandstillWatch.Session(process: try $0.int64(0), state: try $0.text(1)) }
        let stopped = watch.standing(still: holders, now: .now)
        guard !stopped.isEmpty else { return }
        try connection.execute("SELECT pg_terminate_backend(pid::integer) FROM unnest($1) AS pid", [.int64s(stopped)])
    }
}
