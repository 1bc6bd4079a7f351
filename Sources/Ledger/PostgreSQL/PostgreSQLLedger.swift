internal import PostgreSQL
internal import Synchronization

/// The ledger in PostgreSQL.
///
/// It connects at the first call and again after the database went away: the call that notices throws
/// `.unreachable`, a later one reconnects. Calls block; any thread may call, one at a time gets through, so a service
/// that must not wait for another gives each of its threads a ledger of its own.
package final class PostgreSQLLedger: Sendable {
    struct Session {
        var connection: Connection?
        /// Signals this connection listens for.
        var listening: Set<LedgerSignal> = []
        /// Signals that have come and nobody has asked for yet.
        var signals: Set<LedgerSignal> = []
    }

    private let url: String
    private let applicationName: String
    /// Who promotes models, for the record; the database's login when nil.
    let author: String?
    private let session = Mutex(Session())

    /// - Parameters:
    ///   - url: `postgresql://user:password@host:port/database`
    ///   - applicationName: what an operator sees in `pg_stat_activity`
    ///   - author: the person who acts
    package init(_ url: String, applicationName: String = "auscult", author: String? = nil) {
        self.url = url
        self.applicationName = applicationName
        self.author = author
    }

    /// Connects now, to say early what is wrong.
    ///
    /// - Returns: `host:port/database`
    /// - Throws: `.unreachable`; `.schema` when the database has another schema than this program.
    @discardableResult
    package func connect() throws -> String {
        try perform { connection in connection.place }
    }

    /// Runs `body` on the connection, which is opened where there is none.
    func perform<Result: Sendable>(_ body: (Connection) throws -> Result) throws -> Result {
        try withSession { _, connection in try body(connection) }
    }

    /// Runs `body` in one transaction.
    func transaction<Result: Sendable>(_ body: (Connection) throws -> Result) throws -> Result {
        try perform { connection in try connection.transaction { try body(connection) } }
    }

    /// Runs `body` in a transaction that takes effect only while the broker's epoch is `epoch`.
    func transaction<Result: Sendable>(epoch: UInt32, _ body: (Connection) throws -> Result) throws -> Result {
        try transaction { connection in
            try connection.execute("SELECT auscult.hold_epoch($1)", [.int(Int(epoch))])
            return try body(connection)
        }
    }

    /// Runs `body` in a transaction that is the only one to write for this epoch until it ends: it should be short.
    func transaction<Result: Sendable>(alone epoch: UInt32, _ body: (Connection) throws -> Result) throws -> Result {
        try transaction { connection in
            try connection.execute("SELECT auscult.take_epoch($1)", [.int(Int(epoch))])
            return try body(connection)
        }
    }

    /// Runs `body` in a transaction that takes effect only while the coordinator's fence is `fence`.
    func transaction<Result: Sendable>(fence: Int64, _ body: (Connection) throws -> Result) throws -> Result {
        try transaction { connection in
            try connection.execute("SELECT auscult.hold_fence($1)", [.int64(fence)])
            return try body(connection)
        }
    }

    func withSession<Result: Sendable>(
        _ body: (inout Session, Connection) throws -> Result
    ) throws -> Result {
        try session.withLock { session in
            do {
                let connection = try session.connection ?? open()
                session.connection = connection
                return try body(&session, connection)
            } catch let error as PostgreSQLError {
                let error = LedgerError(error)
                // Another session may find what this one has lost: the new primary, its plans, its settings.
                if error.mayPass { session = Session() }
                throw error
            }
        }
    }

    private func open() throws -> Connection {
        let connection = try Connection(url, applicationName: applicationName)
        try connection.refuseTransactionPooling(url)
        try connection.standardise()
        guard try Migrator(connection).status().missing.isEmpty else {
            throw LedgerError(
                .schema, "the schema in the database at \(connection.place) is not complete: run 'auscult db migrate'")
        }
        return connection
    }
}
