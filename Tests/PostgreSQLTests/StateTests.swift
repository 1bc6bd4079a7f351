import PostgreSQL
import TestSupport
import Testing

/// What the server's states say of a statement: only a closed list blames what was asked.
@Suite struct StateTests {
    @Test func onlyAClosedListBlamesTheValues() {
        let blamed = ["22001", "22003", "22008", "22021", "22P02", "22P05"]
        #expect(blamed.allSatisfy { PostgreSQLError.code(ofState: $0, constraint: nil) == .invalid })
        #expect(PostgreSQLError.code(ofState: "23514", constraint: "clip_channel_check") == .invalid)
        // A row for which there is no partition.
        #expect(PostgreSQLError.code(ofState: "23514", constraint: nil) == .unreachable)
        let refused = ["23505", "23503", "42601", "42501", "P0001", "AU001", "0A000"]
        #expect(refused.allSatisfy { PostgreSQLError.code(ofState: $0, constraint: nil) == .refused })
        let passing = [
            "57014", "55P03", "25006", "25P03", "40001", "40P01", "53100", "53200", "53300", "54000", "57P01", "57P03",
            "58030",
            "XX000", "XX001", "ZZ999", "", nil,
        ]
        #expect(passing.allSatisfy { PostgreSQLError.code(ofState: $0, constraint: nil) == .unreachable })
    }

    /// The server's own texts, in its language, decide nothing.
    @Test func aRefusalIsKnownByItsStateInAnyLanguage() throws {
        let database = try PrivateDatabase()
        let address = try #require(database.url.split(separator: "@").last)
        let wrong = try #require(throws: PostgreSQLError.self) {
            try Connection("postgresql://auscult:secret@\(address)")
        }
        #expect(wrong.code == .denied && wrong.sqlState == "28P01")
        let nowhere = try #require(throws: PostgreSQLError.self) {
            try Connection(database.url, database: "no_such_database")
        }
        #expect(nowhere.code == .denied && nowhere.sqlState == "3D000")
    }

    /// As many connections as the analyst may have: the next one is told to come back.
    @Test func tooManyConnectionsPass() throws {
        let database = try PrivateDatabase()
        var open: [Connection] = []
        let error = try #require(throws: PostgreSQLError.self) {
            for _ in 0..<100 { open.append(try Connection(database.analystURL)) }
        }
        #expect(error.code == .unreachable && error.sqlState == "53300")
        #expect(open.count >= 10)
    }

    /// A role's settings do not reach a session of ours.
    @Test func aSessionIsStandard() throws {
        let database = try PrivateDatabase()
        let administrator = try database.connect()
        for setting in [
            "search_path = nowhere", "statement_timeout = 1", "default_transaction_read_only = on",
            "default_transaction_isolation = 'serializable'", "synchronous_commit = off", "timezone = 'Asia/Tokyo'",
            "standard_conforming_strings = off",
        ] { try administrator.executeScript("ALTER ROLE auscult IN DATABASE \(database.name) SET \(setting)") }
        let connection = try database.connect()
        #expect(throws: PostgreSQLError.self) { try connection.executeScript("CREATE TABLE nowhere (x bigint)") }
        try connection.standardise()
        let row = try connection.execute(
            """
            SELECT current_setting('search_path'), current_setting('statement_timeout'), current_setting('transaction_read_only'),
                current_setting('transaction_isolation'), current_setting('synchronous_commit'), current_setting('timezone')
            """)[0]
        let standard = ["pg_catalog, auscult", "0", "off", "read committed", "on", "UTC"]
        #expect(try (0..<6).map { try row.text($0) } == standard)
        try connection.executeScript("CREATE SCHEMA somewhere; CREATE TABLE somewhere.kept (x bigint)")
    }
}
