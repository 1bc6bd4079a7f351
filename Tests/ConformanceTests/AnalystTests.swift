import Foundation
import Ledger
import Plant
import PostgreSQL
import TestSupport
import Testing

/// What analysts rely on: views that explain themselves, sums that are right, and sites that stay apart.
@Suite struct AnalystTests {
    private func database() throws -> PrivateDatabase {
        try PrivateDatabase(copyOf: "auscult_ledger") { url in _ = try Migrator(Connection(url)).migrate() }
    }

    private func clip(_ key: String, site: String = "north", hour: Int64 = 0) throws -> ClipRecord {
        var clip = try Samples.clip(key, site: site)
        clip.recordedAt = 1_699_999_200_000_000 + hour * 3_600_000_000
        return clip
    }

    private func text(_ connection: Connection, _ sql: String) throws -> [String] {
        try connection.execute(sql).map { try $0.text(0) }
    }

    // MARK: documentation

    @Test func everyColumnOfAViewIsExplained() throws {
        let silent = try text(
            try database().connect(),
            """
            SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'auscult'::regnamespace AND c.relkind = 'v' AND a.attnum > 0
                AND has_table_privilege('auscult_analyst', c.oid, 'SELECT')
                AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)
            """)
        #expect(silent.isEmpty, "schema/v0029_column_comments.sql explains columns: \(silent)")
    }

    /// `schema/README.md` lists what the database says of itself.
    @Test func thePageListsEveryViewAndColumn() throws {
        let page = try String(contentsOfFile: Self.project("schema/README.md"), encoding: .utf8)
        let lines = try text(
            try database().connect(),
            """
            SELECT format('| `%s` | `%s` | %s | %s |', c.relname, a.attname, format_type(a.atttypid, NULL),
                col_description(c.oid, a.attnum))
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'auscult'::regnamespace AND c.relkind = 'v' AND a.attnum > 0
                AND has_table_privilege('auscult_analyst', c.oid, 'SELECT')
            ORDER BY c.relname, a.attnum
            """)
        let missing = lines.filter { !page.contains($0) }
        #expect(missing.isEmpty, "schema/README.md lacks, or has otherwise:\n\(missing.joined(separator: "\n"))")
    }

    /// Every question that a dashboard asks is one the database answers.
    @Test func dashboardsAskWhatThereIs() throws {
        let analyst = try Connection(database().analystURL)
        for name in ["plant", "queue"] {
            let file = Self.project("compose/grafana/dashboards/\(name).json")
            let dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(contentsOf: URL(filePath: file)))
            let questions =
                dashboard.panels.flatMap { $0.targets.map(\.rawSql) } + dashboard.templating.list.map(\.query)
            #expect(questions.count > 5)
            for question in questions {
                var sql = question.replacing("$machine", with: "fan/id_00")
                while let start = sql.range(of: "$__timeFilter("),
                    let end = sql[start.upperBound...].firstIndex(of: ")")
                {
                    let column = sql[start.upperBound..<end]
                    sql.replaceSubrange(
                        start.lowerBound...end, with: "\(column) BETWEEN now() - interval '1 day' AND now()")
                }
                try analyst.execute(sql)
            }
        }
    }

    private struct Dashboard: Decodable {
        struct Panel: Decodable { let targets: [Target] }
        struct Target: Decodable { let rawSql: String }
        struct Variables: Decodable { let list: [Variable] }
        struct Variable: Decodable { let query: String }
        let panels: [Panel]
        let templating: Variables
    }

    private static func project(_ path: String) -> String {
        "\(#filePath.dropLast("Tests/ConformanceTests/AnalystTests.swift".count))\(path)"
    }

    // MARK: hours and days

    @Test func hoursAreRightWhileTheyAreLiveAndWhenTheyAreSummedUp() throws {
        let database = try database()
        let ledger = PostgreSQLLedger(database.url)
        let epoch = try ledger.openEpoch(holder: "broker")
        let connection = try database.connect()
        let analyst = try Connection(database.analystURL)
        func hours() throws -> [[Double]] {
            try analyst.execute(
                """
                SELECT clips, anomalies, median_score, extract(epoch FROM hour)::int8 / 3600 % 24 FROM machine_hours
                ORDER BY hour, model_version
                """
            ).map { [Double(try $0.int64(0)), Double(try $0.int64(1)), try $0.double(2), Double(try $0.int64(3))] }
        }
        func rollUp() throws -> Int {
            try connection.execute("SELECT auscult.roll_up(clock_timestamp() + interval '20 minutes')")[0].int(0)
        }
        var jobs = try ledger.accept([clip("a"), clip("b"), clip("c", hour: 1)], epoch: epoch).map(\.job)
        try ledger.record(jobs.enumerated().map { Samples.result($1, score: Double($0)) }, epoch: epoch)
        let first: [[Double]] = [[2, 2, 0.5, 22], [1, 1, 2, 23]]
        #expect(try hours() == first)
        #expect(try rollUp() == 2)
        #expect(try hours() == first)
        #expect(try rollUp() == 0, "once in ten minutes")
        // A late clip, and a second opinion about an old one.
        try connection.execute("UPDATE auscult.rollup SET until = clock_timestamp()")
        jobs += try ledger.accept([clip("late")], epoch: epoch).map(\.job)
        try ledger.record(
            [Samples.result(jobs[3], score: 7), Samples.result(jobs[2], model: "density-2", score: 4)], epoch: epoch)
        let second: [[Double]] = [[3, 3, 1, 22], [1, 1, 2, 23], [1, 1, 4, 23]]
        #expect(try hours() == second)
        #expect(try rollUp() == 3)
        #expect(try hours() == second)
        let days = try analyst.execute("SELECT clips, leads, median_score FROM machine_days ORDER BY model_version")
        #expect(try days.map { try $0.int64(0) } == [4, 1])
        #expect(try days.map { try $0.bool(1) } == [true, false])
        let health = try analyst.execute("SELECT clips, median_score FROM machine_health ORDER BY hour")
        #expect(try health.map { try $0.int64(0) } == [3, 1])
        #expect(try health[1].double(1) == 4, "the later of two versions that heard as much")
    }

    @Test func quantilesOfSeveralHoursComeCloseToThoseOfTheirClips() throws {
        let row = try database().connect().execute(
            """
            WITH clip AS (SELECT i % 24 AS hour, sqrt(i * 7919 % 10007) AS score FROM generate_series(1, 10000) AS i),
            hours AS (
                SELECT count(*) AS clips,
                    percentile_cont(auscult.kept_fractions()) WITHIN GROUP (ORDER BY score) AS quantiles
                FROM clip GROUP BY hour
            ), merged AS (
                SELECT auscult.merged_quantiles(array_agg(quantiles), array_agg(clips), '{0,0.5,0.95,1}') AS q FROM hours
            )
            SELECT (SELECT min(score) FROM clip) = q[1], (SELECT max(score) FROM clip) = q[4],
                (SELECT count(*) FROM clip WHERE score <= q[2])::float8 / 10000,
                (SELECT count(*) FROM clip WHERE score <= q[3])::float8 / 10000
            FROM merged
            """)[0]
        #expect(try row.bool(0) && row.bool(1))
        #expect(abs(try row.double(2) - 0.5) < 0.1)
        #expect(abs(try row.double(3) - 0.95) < 0.03)
    }

    // MARK: sites

    @Test func aLoginOfASiteSeesNothingElse() throws {
        let database = try database()
        let ledger = PostgreSQLLedger(database.url)
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept(
            ["north", "south"].flatMap { site in try ["a", "b", "open"].map { try clip("\(site)-\($0)", site: site) } },
            epoch: epoch
        ).map(\.job)
        try ledger.record(
            [Samples.result(jobs[0]), Samples.death(jobs[1]), Samples.result(jobs[3]), Samples.death(jobs[4])],
            epoch: epoch)
        let office = try LoginOffice(database.url, administratorURL: database.administratorURL)
        let name = "south_\(database.name)"
        let login = try Connection(office.grant(name, role: .operator, sites: ["south"]))
        let views = try text(
            login,
            """
            SELECT c.relname FROM pg_class c
            WHERE c.relnamespace = 'auscult'::regnamespace AND c.relkind = 'v' AND has_table_privilege(c.oid, 'SELECT')
            """)
        #expect(Set(["results", "dead_letters", "clips", "queues", "machine_hours", "alarms"]).isSubset(of: views))
        for view in views {
            let rows = try text(login, "SELECT row_to_json(v)::text FROM auscult.\(view) AS v")
            #expect(!rows.contains { $0.contains("north") }, "\(view)")
        }
        let both = "SELECT site FROM results UNION ALL SELECT site FROM dead_letters"
        #expect(try text(login, both) == ["south", "south"])
        #expect(try text(login, "SELECT job::text FROM failed_attempts") == ["\(jobs[4])"])
        #expect(try text(login, "SELECT site FROM queues") == ["south"])

        // Around it: tables, statistics, and operators that tell what they are given before the check was made.
        for table in ["result", "clip", "dead_letter", "login", "machine_hour"] {
            #expect(throws: PostgreSQLError.self) { try login.execute("SELECT * FROM auscult.\(table)") }
        }
        #expect(try login.execute("SELECT FROM pg_stats WHERE schemaname = 'auscult'").isEmpty)
        for view in ["results", "dead_letters", "clips"] {
            // A division by zero would tell that there is a row of the other site.
            try login.execute(
                "SELECT 1 / CASE WHEN site = 'north' THEN 0 ELSE 1 END FROM \(view) WHERE length(name) >= 0")
            try login.execute("SELECT FROM \(view) WHERE 1 / (CASE WHEN name LIKE 'north%' THEN 0 ELSE 1 END) = 1")
        }
        // Who lifts the policies is refused, not served.
        try login.execute("SET row_security = off")
        #expect(throws: PostgreSQLError.self) { try login.execute("SELECT site FROM results") }
        try login.execute("SET row_security = on")

        // Orders to another site, and to all.
        for order in [
            "pause_queue()", "pause_queue('north')", "resume_queue()", "cancel_clips()", "cancel_clips('north')",
            "cancel_jobs(ARRAY[\(jobs[2])])", "retry_dead_letters(ARRAY[\(jobs[1])])",
            "drop_dead_letters(ARRAY[\(jobs[1])])", "scale_fleet(3)", "set_retention(1, 1)",
        ] {
            #expect(throws: PostgreSQLError.self, "\(order)") { try login.execute("SELECT \(order)") }
        }
        try login.execute("SELECT pause_queue('south'), resume_queue('south'), retry_dead_letters(ARRAY[\(jobs[4])])")
        #expect(try ledger.deadLetter(jobs[1]) != nil && ledger.deadLetter(jobs[4]) == nil)

        // Everybody else sees everything, and a login that ended nothing.
        let analyst = try Connection(database.analystURL)
        #expect(try text(analyst, "SELECT DISTINCT site FROM results ORDER BY 1") == ["north", "south"])
        try office.revoke(name)
        #expect(throws: PostgreSQLError.self) { try login.execute("SELECT FROM results") }
        #expect(try code { try office.revoke(name) } == .notFound)
    }

    @Test func aLoginIsGrantedAgainAndItsNameIsItsOwn() throws {
        let database = try database()
        let office = try LoginOffice(database.url, administratorURL: database.administratorURL)
        let name = "maria-\(database.name)"
        let first = try office.grant(name, role: .analyst, sites: nil)
        let second = try office.grant(name, role: .analyst, sites: nil)
        #expect(first != second)
        #expect(throws: PostgreSQLError.self) { try Connection(first) }
        #expect(try text(Connection(second), "SHOW enable_partitionwise_join") == ["on"])
        #expect(try Connection(second).execute("SELECT FROM results").isEmpty)
        for unfit in ["postgres", "auscult", "auscult_analyst", "pg_monitor", "", "a b", "x\"; DROP TABLE clip", "1a"] {
            #expect(try code { _ = try office.grant(unfit, role: .analyst, sites: nil) } == .refused)
        }
        try office.revoke(name)
    }

    // MARK: champions

    @Test func whoWasChampionWhenIsKnown() throws {
        let database = try database()
        let ledger = PostgreSQLLedger(database.url, author: "maria@plant")
        for content in ["one", "two"] { _ = try ledger.addModel(Samples.model(content)) }
        _ = try ledger.promote("density-1", machines: nil)
        let between = try database.connect().execute("SELECT clock_timestamp()::text")[0].text(0)
        _ = try ledger.promote("density-2", machines: nil)
        let analyst = try Connection(database.analystURL)
        let then = try analyst.execute(
            "SELECT version, promoted_by FROM champion_at('fan/id_00', $1::text::timestamptz)", [.text(between)])[0]
        #expect(try then.text(0) == "density-1" && then.text(1) == "maria@plant")
        #expect(try text(analyst, "SELECT version FROM champion_at('fan/id_00')") == ["density-2"])
        #expect(try text(analyst, "SELECT version FROM champion_at('fan/id_00', '2000-01-01')").isEmpty)
        #expect(try text(analyst, "SELECT before FROM promotions WHERE version = 'density-2'") == ["density-1"])
    }

    // MARK: export

    @Test func rowsAreExportedAsTheyAre() throws {
        let database = try database()
        let ledger = PostgreSQLLedger(database.url)
        let epoch = try ledger.openEpoch(holder: "broker")
        let jobs = try ledger.accept([clip("a"), clip("b", hour: 5), clip("c, \"d\"\\")], epoch: epoch).map(\.job)
        try ledger.record(jobs.enumerated().map { Samples.result($1, score: Double($0) / 3) }, epoch: epoch)
        func export(_ subject: ExportRequest.Subject, _ format: ExportRequest.Format, site: String? = nil) throws
            -> [UInt8]
        {
            var request = ExportRequest(subject, as: format)
            (request.until, request.site) = ("2023-11-15T01:00:00Z", site)
            request.machine = subject == .evaluations ? nil : MachineName("fan/id_00")
            var bytes: [UInt8] = []
            let rows = try ledger.export(request) { bytes += $0 }
            #expect(rows == (subject == .evaluations ? 0 : 2))
            return bytes
        }
        let csv = String(decoding: try export(.results, .csv), as: UTF8.self)
        #expect(csv.hasPrefix("site,machine_type,machine_id,recorded_at,model_version,score,"))
        #expect(csv.contains("north,fan,id_00,2023-11-14 22:00:00+00,density-1,0.6666666666666666,"))
        let lines = String(decoding: try export(.clips, .ndjson, site: "north"), as: UTF8.self).split(separator: "\n")
        let names = try lines.map { try JSONDecoder().decode([String: Field].self, from: Data($0.utf8))["key"]?.text }
        #expect(Set(names) == ["a", "c, \"d\"\\"])
        let numbers = try export(.results, .npy)
        let header = Int(numbers[8]) + Int(numbers[9]) << 8
        #expect(Array(numbers.prefix(6)) == [0x93] + Array("NUMPY".utf8) && (10 + header) % 64 == 0)
        #expect(String(decoding: numbers[10..<(10 + header)], as: UTF8.self).contains("'shape': (2,)"))
        #expect(numbers.count == 10 + header + 2 * 9 * 8)
        let jobBytes = numbers[(10 + header)..<(18 + header)].reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
        #expect(jobs.contains(jobBytes))
        #expect(try export(.evaluations, .ndjson).isEmpty)

        var unknown = ExportRequest(.results, as: .csv)
        unknown.machine = MachineName("fan/id_77")
        #expect(try code { _ = try ledger.export(unknown) { _ in } } == .notFound)
        unknown.machine = nil
        unknown.site = "nowhere"
        #expect(try code { _ = try ledger.export(unknown) { _ in } } == .notFound)
        unknown.site = nil
        (unknown.since, unknown.until) = ("2024-01-01", "2023-01-01")
        #expect(try code { _ = try ledger.export(unknown) { _ in } } == .refused)
        // A reader that stops half-way leaves the connection as good as it was.
        struct Enough: Error {}
        #expect(throws: Enough.self) { try ledger.export(ExportRequest(.results, as: .csv)) { _ in throw Enough() } }
        #expect(try ledger.queueCounts().scored == 3)
    }

    /// One value of a JSON object, whatever its type.
    private struct Field: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws { text = try? decoder.singleValueContainer().decode(String.self) }
    }
}
