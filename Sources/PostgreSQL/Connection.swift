internal import CPostgreSQL

// libpq: "One thread restriction is that no two threads attempt to manipulate the same PGconn object at the same time.
// In particular, you cannot issue concurrent commands from different threads through the same connection object."

/// A conversation with one database.
///
/// Calls block, so a connection belongs to one thread at a time: the class is not Sendable. When a call throws
/// `.unreachable` the connection is of no more use; open another.
package final class Connection {
    let handle: OpaquePointer
    /// `host:port/database`, for messages.
    package let place: String
    /// Names of the statements that the server has parsed for us.
    var prepared: [Statement: String] = [:]

    /// Connects, waiting five seconds at most unless the URL says otherwise.
    ///
    /// - Parameters:
    ///   - url: `postgresql://user:password@host:port/database?options`
    ///   - database: instead of the URL's
    ///   - applicationName: what an operator sees in `pg_stat_activity`
    /// - Throws: `.badURL`, `.unreachable`, or `.denied` when the user, the password or the database is wrong. No
    ///   message repeats the password.
    package init(
        _ url: String, database: String? = nil, applicationName: String = "auscult"
    ) throws(PostgreSQLError) {
        try Self.check(url)
        // What comes later wins, so the URL may override what stands before it.
        let settings =
            [
                ("connect_timeout", "5"), ("tcp_user_timeout", "10000"), ("keepalives_idle", "10"),
                ("client_encoding", "UTF8"), ("application_name", applicationName), ("dbname", url),
            ] + (database.map { [("dbname", $0)] } ?? [])
        let handle = withCStrings(settings.map(\.0)) { keywords in
            withCStrings(settings.map(\.1)) { values in PQconnectdbParams(keywords, values, 1) }
        }
        guard let handle else { throw PostgreSQLError(.unreachable, "no memory is left for a database connection") }
        let part = { (text: UnsafeMutablePointer<CChar>?) in text.map { String(cString: $0) } ?? "" }
        place = "\(part(PQhost(handle))):\(part(PQport(handle)))/\(part(PQdb(handle)))"
        self.handle = handle
        // Notices belong neither on standard error nor in anybody's way.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        guard PQstatus(handle) == CONNECTION_OK else {
            let reason = PostgreSQLError.sentence(of: PQerrorMessage(handle))
            // Only a server that asks for a password has looked at who we are.
            let wasAsked = PQconnectionUsedPassword(handle) != 0 || PQconnectionNeedsPassword(handle) != 0
            let state = wasAsked ? Self.stateOfRefusal(settings) : nil
            let isDenied = PQconnectionNeedsPassword(handle) != 0 || state.map(PostgreSQLError.isDenial) == true
            throw PostgreSQLError(
                isDenied ? .denied : .unreachable, sqlState: state,
                isDenied
                    ? "the database at \(place) refused the connection: \(reason); check the URL"
                    : "cannot reach the database at \(place): \(reason)")
        }
    }

    deinit { PQfinish(handle) }

    /// Whether the last call left the connection usable.
    package var isAlive: Bool { PQstatus(handle) == CONNECTION_OK }

    /// The socket, to wait on beside others; -1 when the connection is broken.
    package var descriptor: Int32 { PQsocket(handle) }

    /// libpq repeats a URL it cannot read, password and all; so we ask first and say it ourselves.
    private static func check(_ url: String) throws(PostgreSQLError) {
        let options = PQconninfoParse(url, nil)
        defer { PQconninfoFree(options) }
        guard options != nil, url.hasPrefix("postgresql://") || url.hasPrefix("postgres://") else {
            throw PostgreSQLError(
                .badURL, "this is not a database URL; it should look like postgresql://user:password@host:5432/database"
            )
        }
    }
}

/// Passes strings as a null-terminated array of C strings, valid during the call.
func withCStrings<Result>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result) -> Result {
    // One buffer for all of them; each begins where the one before ended.
    let buffers = strings.map { Array($0.utf8CString) }
    let starts = buffers.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    return buffers.flatMap { $0 }.withUnsafeBufferPointer { text in
        var pointers: [UnsafePointer<CChar>?] = starts.dropLast().map { start in text.baseAddress.map { $0 + start } }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { list in
            guard let base = list.baseAddress else { preconditionFailure("a list with a terminator is never empty") }
            return body(base)
        }
    }
}
