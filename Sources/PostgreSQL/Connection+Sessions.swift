internal import CPostgreSQL

extension Connection {
    /// Makes a session independent of what an administrator has set for the role, the database or the server.
    ///
    /// Nothing may hide our names, change what a transaction promises, or let a statement wait for ever; what is told to be
    /// written has reached the disk.
    package func standardise() throws(PostgreSQLError) {
        let settings = [
            ("search_path", "pg_catalog, auscult"), ("default_transaction_isolation", "read committed"),
            ("default_transaction_read_only", "off"), ("default_transaction_deferrable", "off"), ("DateStyle", "ISO"),
            ("TimeZone", "UTC"), ("standard_conforming_strings", "on"), ("lock_timeout", "2s"),
            ("statement_timeout", "0"), ("transaction_timeout", "0"), ("idle_in_transaction_session_timeout", "60s"),
        ]
        try liftTimeout()
        // Those that this server knows.
        try execute(
            """
            SELECT set_config(name, value, false) FROM unnest($1, $2) AS s (name, value)
            WHERE current_setting(name, true) IS NOT NULL
            UNION ALL SELECT set_config('synchronous_commit', 'on', false)
            WHERE current_setting('synchronous_commit') IN ('off', 'local')
            """, [.texts(settings.map(\.0)), .texts(settings.map(\.1))])
    }

    /// A role's time-out may be so short that even its lifting takes several tries.
    private func liftTimeout() throws(PostgreSQLError) {
        for attempt in 1... {
            do {
                return try command("SET statement_timeout = 0")
            } catch {
                guard error.sqlState == "57014", attempt < 20 else { throw error }
            }
        }
    }

    /// Throws where a pooler gives each of our transactions another connection: what a session prepares, sets or locks would
    /// be somebody else's.
    ///
    /// A pooler greets us with a process number of its own. Whether the server's process stays ours shows when a second
    /// client has one at the same time.
    package func refuseTransactionPooling(_ url: String) throws(PostgreSQLError) {
        try liftTimeout()
        let greeted = Int64(PQbackendPID(handle))
        let mine = try serverProcess()
        guard greeted != mine else { return }
        let other = try Connection(url, applicationName: "auscult pooler check")
        try other.command("BEGIN")
        let (others, minesNow) = (try other.serverProcess(), try serverProcess())
        guard others == mine || minesNow != mine else { return }
        throw PostgreSQLError(
            .pooled,
            "the database at \(place) is behind a pooler that pools transactions, which loses what a session holds: give the "
                + "server's own address, or pool sessions (pgbouncer: pool_mode = session)")
    }

    /// Asked without preparing anything: behind such a pooler, somebody else's statement may have the name.
    private func serverProcess() throws(PostgreSQLError) -> Int64 {
        let answer = try rows(PQexec(handle, "SELECT pg_backend_pid()"))
        return answer.firstText.flatMap { Int64($0) } ?? 0
    }
}
