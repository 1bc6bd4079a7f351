import PostgreSQL
import TestSupport
import Testing

@Suite struct ConnectionTests {
    @Test func everyTypeSurvivesTheRoundTrip() throws {
        let connection = try PrivateDatabase().connect()
        let rows = try connection.execute(
            "SELECT $1, $2, $3, $4, $5, $6",
            [
                .int64(.min), .double(-0.1), .text("Lüfter ✓"), .bytes([0, 255, 10]), .bool(true),
                .timestamp(1_700_000_000_123_456),
            ])
        let row = try #require(rows.first)
        #expect(try row.int64(0) == .min)
        #expect(try row.double(1) == -0.1)
        #expect(try row.text(2) == "Lüfter ✓")
        #expect(try row.bytes(3) == [0, 255, 10])
        #expect(try row.bool(4))
        #expect(try row.timestamp(5) == 1_700_000_000_123_456)
    }

    @Test func aTimestampIsTheMomentItNames() throws {
        let connection = try PrivateDatabase().connect()
        let row = try #require(
            try connection.execute(
                "SELECT $1 = '1970-01-01T00:00:01.5Z'::timestamptz, '1999-12-31T23:59:59Z'::timestamptz",
                [.timestamp(1_500_000)]
            ).first)
        #expect(try row.bool(0))
        #expect(try row.timestamp(1) == 946_684_799_000_000)
    }

    @Test func nullsAndEmptyValuesAreDifferent() throws {
        let connection = try PrivateDatabase().connect()
        let rows = try connection.execute(
            "SELECT $1, $2, $3, $4, $5, $6", [.int64(nil), .text(nil), .text(""), .bytes([]), .double(nil), .bool(nil)])
        let row = try #require(rows.first)
        #expect(try row.optionalInt64(0) == nil)
        #expect(try row.optionalText(1) == nil)
        #expect(try row.optionalText(2) == "")
        #expect(try row.optionalBytes(3) == [])
        #expect(try row.optionalDouble(4) == nil)
        #expect(try row.optionalBool(5) == nil)
        #expect(throws: PostgreSQLError.self) { try row.int64(0) }
    }

    @Test func arraysBecomeRows() throws {
        let connection = try PrivateDatabase().connect()
        let rows = try connection.execute(
            "SELECT * FROM unnest($1, $2, $3, $4, $5, $6)",
            [
                .int64s([1, nil, 3]), .doubles([0.5, .infinity, nil]), .texts(["a", nil, ""]),
                .byteStrings([[1, 2], [], nil]), .bools([true, false, nil]), .timestamps([0, nil, -1]),
            ])
        #expect(rows.count == 3)
        #expect(try rows.map { try $0.optionalInt64(0) } == [1, nil, 3])
        #expect(try rows.map { try $0.optionalDouble(1) } == [0.5, .infinity, nil])
        #expect(try rows.map { try $0.optionalText(2) } == ["a", nil, ""])
        #expect(try rows.map { try $0.optionalBytes(3) } == [[1, 2], [], nil])
        #expect(try rows.map { try $0.optionalBool(4) } == [true, false, nil])
        #expect(try rows.map { try $0.optionalTimestamp(5) } == [0, nil, -1])
        #expect(try connection.execute("SELECT * FROM unnest($1)", [.texts([])]).isEmpty)
    }

    @Test func listsOfTextsAreRead() throws {
        let connection = try PrivateDatabase().connect()
        let row = try #require(
            try connection.execute("SELECT ARRAY['clipping', '', NULL], '{}'::text[], NULL::text[]").first)
        #expect(try row.texts(0) == ["clipping", "", ""])
        #expect(try row.texts(1) == [])
        #expect(try row.optionalTexts(2) == nil)
    }

    @Test func narrowTypesAreRead() throws {
        let connection = try PrivateDatabase().connect()
        let row = try #require(
            try connection.execute("SELECT 7::int2, -7::int4, 1.5::float4, 'x'::varchar, 'y'::name, 3::oid").first)
        #expect(try row.int(0) == 7)
        #expect(try row.int(1) == -7)
        #expect(try row.double(2) == 1.5)
        #expect(try row.text(3) == "x")
        #expect(try row.text(4) == "y")
        #expect(try row.int(5) == 3)
    }

    @Test func aWrongTypeIsAnErrorThatNamesTheColumn() throws {
        let connection = try PrivateDatabase().connect()
        let row = try #require(try connection.execute("SELECT 'seven' AS answer").first)
        let error = try #require(throws: PostgreSQLError.self) { try row.int64(0) }
        #expect(error.code == .unexpectedValue)
        #expect(error.description.contains("answer"))
    }

    @Test func aRefusalCarriesItsStateAndLeavesTheConnectionAlive() throws {
        let connection = try PrivateDatabase().connect()
        try connection.executeScript("CREATE TABLE once (key bigint PRIMARY KEY); INSERT INTO once VALUES (1)")
        let error = try #require(throws: PostgreSQLError.self) {
            try connection.execute("INSERT INTO once VALUES ($1)", [.int64(1)])
        }
        #expect(error.code == .refused)
        #expect(error.sqlState == "23505")
        #expect(connection.isAlive)
        #expect(try connection.execute("INSERT INTO once VALUES ($1)", [.int64(2)]).affected == 1)
    }

    /// No room, a file that cannot be read, a deadlock, a time-out, a standby: the same may go through later.
    @Test(arguments: [
        "53100", "53200", "53300", "58030", "57P01", "40P01", "40001", "57014", "55P03", "25006", "XX000",
    ])
    func aServerThatTakesNoWorkNowMayTakeItLater(state: String) throws {
        let connection = try PrivateDatabase().connect()
        let error = try #require(throws: PostgreSQLError.self) {
            try connection.executeScript("DO $$ BEGIN RAISE 'no room' USING ERRCODE = '\(state)'; END $$")
        }
        #expect(error.isUnreachable && error.sqlState == state)
        #expect(error.description.hasSuffix("takes no work now: no room"))
        #expect(try connection.execute("SELECT 1").count == 1)
    }

    @Test func aTransactionIsAllOrNothing() throws {
        struct Stop: Error {}
        let connection = try PrivateDatabase().connect()
        try connection.executeScript("CREATE TABLE kept (value bigint)")
        #expect(throws: Stop.self) {
            try connection.transaction {
                try connection.execute("INSERT INTO kept VALUES (1)")
                throw Stop()
            }
        }
        try connection.transaction { try connection.execute("INSERT INTO kept VALUES (2)") }
        #expect(try connection.execute("SELECT value FROM kept").map { try $0.int64(0) } == [2])
    }

    @Test func aTransactionThatFailedWithinIsNotReportedAsCommitted() throws {
        let connection = try PrivateDatabase().connect()
        #expect(throws: PostgreSQLError.self) {
            try connection.transaction { _ = try? connection.execute("SELECT 1 / 0") }
        }
        #expect(try connection.execute("SELECT 1").count == 1)
    }

    @Test func aCutConnectionIsUnreachable() throws {
        let database = try PrivateDatabase()
        let victim = try database.connect()
        let process = try #require(try victim.execute("SELECT pg_backend_pid()").first).int64(0)
        try database.connect().execute("SELECT pg_terminate_backend($1::int)", [.int64(process)])
        let error = try #require(throws: PostgreSQLError.self) {
            // The first statement may still meet a connection that has not heard of its end.
            for _ in 0..<1_000 { try victim.execute("SELECT 1") }
        }
        #expect(error.isUnreachable)
        #expect(!victim.isAlive)
    }

    @Test func notificationsArrive() throws {
        let database = try PrivateDatabase()
        let listener = try database.connect()
        try listener.listen("clips")
        #expect(try listener.pendingNotification() == nil)
        #expect(try listener.waitForNotification(milliseconds: 1) == nil)
        try database.connect().execute("SELECT pg_notify('clips', 'seven')")
        let heard = try #require(try listener.waitForNotification(milliseconds: 5_000))
        #expect(heard.channel == "clips" && heard.payload == "seven")
    }
}

@Suite struct ConnectionErrorTests {
    @Test(arguments: [
        "nonsense", "postgresql://user:secret@[host", "http://user:secret@host/", "dbname=x password=secret",
    ])
    func aBadURLIsRefusedWithoutItsPassword(url: String) throws {
        let error = try #require(throws: PostgreSQLError.self) { try Connection(url) }
        #expect(error.code == .badURL)
        #expect(!error.description.contains("secret"))
    }

    @Test func nobodyListening() throws {
        let error = try #require(throws: PostgreSQLError.self) {
            try Connection("postgresql://user:secret@127.0.0.1:1/database")
        }
        #expect(error.isUnreachable)
        #expect(error.description.contains("127.0.0.1:1/database"))
        #expect(!error.description.contains("secret"))
    }

    @Test func aWrongPasswordIsARefusal() throws {
        let database = try PrivateDatabase()
        let parts = database.url.split(separator: "@")
        let address = try #require(parts.last)
        let error = try #require(throws: PostgreSQLError.self) {
            try Connection("postgresql://auscult:secret@\(address)")
        }
        #expect(error.code == .denied)
        #expect(!error.description.contains("secret"))
    }
}
