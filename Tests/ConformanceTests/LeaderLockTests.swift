import Ledger
import PostgreSQL
import TestSupport
import Testing

@Suite struct LeaderLockTests {
    private func database() throws -> PrivateDatabase {
        try PrivateDatabase(copyOf: "auscult_ledger") { url in _ = try Migrator(Connection(url)).migrate() }
    }

    @Test func oneHoldsItAtATime() throws {
        let url = try database().url
        let (first, second) = (PostgreSQLLeaderLock(url), PostgreSQLLeaderLock(url))
        #expect(try first.hold())
        #expect(try !second.hold())
        #expect(try first.hold())
        first.release()
        #expect(try second.hold())
        #expect(try !first.hold())
    }

    /// It sees nothing and writes nothing, so it keeps no vacuum from its work, however long it is held.
    @Test func itHoldsNobodyUp() throws {
        let database = try database()
        let lock = PostgreSQLLeaderLock(database.url)
        #expect(try lock.hold() && lock.hold())
        let administrator = try Connection(database.administratorURL, database: database.name)
        let holder = try administrator.execute(
            """
            SELECT state, backend_xid IS NULL AND backend_xmin IS NULL FROM pg_stat_activity
            WHERE application_name = 'auscult broker lock' AND datname = current_database()
            """)
        #expect(try holder.count == 1 && holder[0].text(0) == "idle in transaction" && holder[0].bool(1))
        try administrator.execute("VACUUM FREEZE")
    }

    /// No lesser role can take what a leader needs.
    @Test func nobodyElseCanTakeIt() throws {
        // A copy of a database has not its rights.
        let database = try PrivateDatabase()
        _ = try Migrator(database.connect()).migrate()
        let analyst = try Connection(database.analystURL)
        for statement in [
            "LOCK TABLE auscult.leader_seat IN EXCLUSIVE MODE", "LOCK TABLE auscult.leader_seat IN ACCESS SHARE MODE",
            "LOCK TABLE auscult.broker_epoch IN ACCESS SHARE MODE", "LOCK TABLE auscult.results IN ROW SHARE MODE",
            "LOCK TABLE auscult.queue_now IN ACCESS EXCLUSIVE MODE", "SELECT FROM auscult.broker_epoch FOR SHARE",
            "SELECT auscult.hold_epoch(1)", "SELECT auscult.take_epoch(1)", "SELECT auscult.begin_day('2099-01-01')",
            "SELECT auscult.settle(9223372036854775807)", "CREATE TEMP TABLE mine (x bigint)",
        ] {
            let error = #expect(throws: PostgreSQLError.self, "\(statement)") {
                try analyst.transaction { _ = try analyst.execute(statement) }
            }
            #expect(error?.sqlState == "42501", "\(statement)")
        }
    }

    /// No function that runs with the owner's rights is everybody's.
    @Test func noFunctionOfTheOwnersIsEverybodys() throws {
        let open = try database().connect().execute(
            """
            SELECT proname::text FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS acl
            WHERE pronamespace = 'auscult'::regnamespace AND prosecdef AND grantee = 0
            """)
        #expect(try open.map { try $0.text(0) } == [])
    }
}
