import Ledger
import Plant
import PostgreSQL
import TestSupport
import Testing

/// Whatever a server says while it cannot: the same call goes through later, and no clip is blamed.
@Suite struct DatabaseTroubleTests {
    private func database() throws -> PrivateDatabase {
        try PrivateDatabase(copyOf: "auscult_ledger") { url in _ = try Migrator(Connection(url)).migrate() }
    }

    /// As an administrator, in the same database.
    private func administrator(of database: PrivateDatabase) throws -> Connection {
        try Connection(database.administratorURL, database: database.name)
    }

    private static let passing = [
        "08006", "25006", "25P03", "40001", "40P01", "42501", "42P01", "53100", "53200", "54000", "55P03", "57014",
        "57P01",
        "58030", "XX000", "XX001", "P0001", "ZZ999",
    ]

    /// Raised by the server itself, wherever a clip goes: at its key, its row, its result, its death.
    @Test(arguments: passing) func aStateThatPassesBlamesNoClip(state: String) throws {
        let database = try database()
        let ledger = PostgreSQLLedger(database.url)
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept([Samples.clip("first"), Samples.clip("second")], epoch: epoch).map(\.job)
        let administrator = try administrator(of: database)
        try administrator.executeScript(
            """
            CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE 'trouble' USING ERRCODE = '\(state)'; END $$;
            CREATE TRIGGER trouble BEFORE INSERT ON auscult.clip_key FOR EACH ROW EXECUTE FUNCTION trouble();
            CREATE TRIGGER trouble BEFORE INSERT ON auscult.result FOR EACH ROW EXECUTE FUNCTION trouble();
            CREATE TRIGGER trouble BEFORE INSERT ON auscult.dead_letter FOR EACH ROW EXECUTE FUNCTION trouble();
            """)
        for _ in 0..<2 {
            let codes = [
                try code { _ = try ledger.accept([Samples.clip("third")], epoch: epoch) },
                try code { try ledger.record([Samples.result(jobs[0])], epoch: epoch) },
                try code { try ledger.record([Samples.death(jobs[1])], epoch: epoch) },
            ]
            #expect(codes.allSatisfy { $0 == .unreachable || $0 == .unavailable || $0 == .refused && state == "P0001" })
        }
        try administrator.executeScript(
            """
            DROP TRIGGER trouble ON auscult.clip_key; DROP TRIGGER trouble ON auscult.result;
            DROP TRIGGER trouble ON auscult.dead_letter;
            """)
        let third = try ledger.accept([Samples.clip("third")], epoch: epoch)
        #expect(third.map(\.duplicate) == [false])
        try ledger.record([Samples.result(jobs[0]), Samples.death(jobs[1])], epoch: epoch)
        #expect(try ledger.pendingClips(after: 0, limit: 10).map(\.job) == third.map(\.job))
    }

    @Test func aValueThatFitsNoColumnIsBlamedAlone() throws {
        let ledger = PostgreSQLLedger(try database().url)
        let epoch = try ledger.openEpoch(holder: "broker")
        var clip = try Samples.clip("late")
        clip.name = "a text with\u{0}nothing in it"
        #expect(try code { _ = try ledger.accept([Samples.clip("good"), clip], epoch: epoch) } == .invalid)
        #expect(try ledger.accept([Samples.clip("good")], epoch: epoch).map(\.duplicate) == [false])
    }

    @Test func aLockedTableIsWaitedForABitAndThenLater() throws {
        let database = try database()
        let ledger = PostgreSQLLedger(database.url)
        let epoch = try ledger.openEpoch(holder: "broker")
        let job = try ledger.accept([Samples.clip("a")], epoch: epoch)[0].job
        let administrator = try administrator(of: database)
        try administrator.execute("BEGIN")
        try administrator.execute("LOCK TABLE auscult.clip, auscult.result IN ACCESS EXCLUSIVE MODE")
        #expect(try code { _ = try ledger.accept([Samples.clip("b")], epoch: epoch) } == .unreachable)
        #expect(try code { try ledger.record([Samples.result(job)], epoch: epoch) } == .unreachable)
        // Who leads and what operators want can be asked all the while.
        try ledger.record([OutcomeRecord](), epoch: epoch)
        #expect(try ledger.openOrders().isEmpty)
        try administrator.execute("ROLLBACK")
        #expect(try ledger.accept([Samples.clip("b")], epoch: epoch).count == 1)
        try ledger.record([Samples.result(job)], epoch: epoch)
    }

    /// An administrator has dropped it, or nobody has made it: the broker's upkeep makes it anew.
    @Test func aMissingPartitionBlamesNoClip() throws {
        let database = try database()
        let ledger = PostgreSQLLedger(database.url)
        let epoch = try ledger.openEpoch(holder: "broker")
        let connection = try database.connect()
        let name = try connection.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'auscult.clip'::regclass")[0].text(0)
        try connection.executeScript("DROP TABLE \(name)")
        #expect(try code { _ = try ledger.accept([Samples.clip("a")], epoch: epoch) } == .unreachable)
        try ledger.settle(epoch: epoch, at: nil)
        #expect(try ledger.accept([Samples.clip("a")], epoch: epoch).count == 1)
    }

    /// What an administrator sets for the role, the database or the server reaches no service.
    @Test func noSettingOfARoleIsInTheWay() throws {
        let database = try database()
        let connection = try database.connect()
        for setting in [
            "search_path = nowhere", "statement_timeout = 1", "lock_timeout = 1", "default_transaction_read_only = on",
            "default_transaction_isolation = 'serializable'", "idle_in_transaction_session_timeout = 1",
            "datestyle = 'German'",
            "timezone = 'Asia/Kathmandu'", "standard_conforming_strings = off", "bytea_output = 'escape'",
            "plan_cache_mode = force_generic_plan", "enable_partition_pruning = off",
        ] {
            try connection.executeScript("ALTER ROLE auscult IN DATABASE \(database.name) SET \(setting)")
        }
        let ledger = PostgreSQLLedger(database.url)
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept((0..<50).map { try Samples.clip("\($0)") }, epoch: epoch).map(\.job)
        try ledger.record(jobs.map { Samples.result($0) }, epoch: epoch)
        try ledger.settle(epoch: epoch, at: nil)
        #expect(try ledger.queueCounts().scored == 50)
        #expect(try PostgreSQLLeaderLock(database.url).hold())
    }

    /// Cut off, cancelled and cut off again between any two statements: nothing is lost, nothing comes twice.
    @Test func aSessionThatIsEndedAnywhereIsOpenedAnew() throws {
        let database = try database()
        let ledger = PostgreSQLLedger(database.url, applicationName: "victim")
        let epoch = try ledger.openEpoch(holder: "broker")
        let administrator = try administrator(of: database)
        let ends = ["pg_terminate_backend", "pg_cancel_backend"]
        for number in 0..<40 {
            try administrator.execute(
                "SELECT \(ends[number % 2])(pid) FROM pg_stat_activity WHERE application_name = 'victim'")
            let clip = try Samples.clip("\(number)")
            var accepted: [Acceptance] = []
            while accepted.isEmpty {
                do {
                    accepted = try ledger.accept([clip], epoch: epoch)
                } catch let error as LedgerError {
                    #expect(error.mayPass)
                }
            }
            try ledger.record([Samples.result(accepted[0].job)], epoch: epoch)
        }
        let counts = try ledger.queueCounts()
        #expect(counts.accepted == 40 && counts.scored == 40 && counts.waiting == 0)
    }

    @Test func aDatabaseThatIsNoneForUsSaysSo() throws {
        let database = try PrivateDatabase()
        let administrator = try Connection(database.administratorURL)
        try administrator.execute(
            "CREATE DATABASE \(database.name)_latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        try administrator.execute("CREATE DATABASE \(database.name)_closed")
        let sentences = try ["latin": "UTF8", "closed": "GRANT CREATE ON DATABASE"].map { name, hint in
            let connection = try Connection(database.url, database: "\(database.name)_\(name)")
            let error = try #require(throws: LedgerError.self) { try Migrator(connection).migrate() }
            return error.code == .unfit && error.description.contains(hint)
        }
        #expect(sentences == [true, true])
    }

    @Test func twoClustersAreToldApart() throws {
        let ledger = PostgreSQLLedger(try database().url)
        try ledger.join(cluster: "one", at: "host-a:/data")
        try ledger.join(cluster: "one", at: "host-a:/moved")
        let error = try #require(throws: LedgerError.self) { try ledger.join(cluster: "two", at: "host-b:/data") }
        #expect(error.code == .unfit && error.description.contains("host-a:/data"))
    }

    /// Two programs that make the schema at once, or many: one does, and the others find it done.
    @Test func theSchemaIsMadeOnce() async throws {
        let database = try PrivateDatabase()
        let made = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 { group.addTask { try Migrator(Connection(database.url)).migrate().count } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(made.filter { $0 > 0 } == [Migration.all.count])
    }
}
