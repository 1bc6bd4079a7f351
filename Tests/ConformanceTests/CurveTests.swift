import FoundationEssentials
import Ledger
import PostgreSQL
import TestSupport
import Testing

/// The curves of the schema beside scikit-learn's (`Fixtures/curves.py`).
@Suite struct CurveTests {
    private struct Case: Decodable {
        let scores: [Double]
        let labels: [Bool]
        let maxFPR: Double
        let auc: Double?
        let pauc: Double?
        /// False-alarm rates and hit rates; of small cases only.
        let corners: [[Double]]?
    }

    private func cases() throws -> [Case] {
        let file = "\(#filePath.dropLast("CurveTests.swift".count))Fixtures/curves.json"
        return try JSONDecoder().decode([Case].self, from: Data(contentsOf: URL(filePath: file)))
    }

    private func connect() throws -> Connection {
        try PrivateDatabase(copyOf: "auscult_ledger") { url in _ = try Migrator(Connection(url)).migrate() }.connect()
    }

    private func isEqual(_ ours: Double?, _ theirs: Double?) -> Bool {
        guard let ours, let theirs else { return ours == nil && theirs == nil }
        return abs(ours - theirs) < 1e-12
    }

    @Test func areasAreThoseOfScikitLearn() throws {
        let connection = try connect()
        for (number, wanted) in try cases().enumerated() {
            let row = try connection.execute(
                """
                SELECT auscult.auc(score, label), auscult.pauc(score, label, $3),
                    auscult.area_under_curve(array_agg(score), array_agg(label), $3)
                FROM unnest($1, $2) AS clip (score, label)
                """, [.doubles(wanted.scores), .bools(wanted.labels), .double(wanted.maxFPR)])[0]
            #expect(isEqual(try row.optionalDouble(0), wanted.auc), "case \(number)")
            #expect(isEqual(try row.optionalDouble(1), wanted.pauc), "case \(number)")
            #expect(isEqual(try row.optionalDouble(2), wanted.pauc), "case \(number)")
        }
    }

    @Test func cornersAreThoseOfScikitLearn() throws {
        let connection = try connect()
        let small = try cases().filter { $0.corners != nil }
        #expect(small.count > 5)
        for wanted in small {
            let rows = try connection.execute(
                "SELECT false_alarm_rate, hit_rate FROM auscult.roc_curve($1, $2)",
                [.doubles(wanted.scores), .bools(wanted.labels)])
            let corners = try [rows.map { try $0.double(0) }, rows.map { try $0.double(1) }]
            #expect(corners == wanted.corners)
        }
    }

    /// Several groups at once, each of more scores than a state holds; in the end nothing is left of them.
    @Test func groupsLargerThanAStateAreSetAside() throws {
        let connection = try connect()
        let rows = try connection.execute(
            """
            WITH clip AS (
                SELECT i % 3 AS machine, (i * 7919 % 4001)::double precision AS score, i * 31 % 7 < 2 AS is_anomaly
                FROM generate_series(1, 20000) AS i
            )
            SELECT auscult.auc(score, is_anomaly),
                auscult.area_under_curve(array_agg(score), array_agg(is_anomaly)),
                auscult.pauc(score, is_anomaly, 0.1),
                auscult.area_under_curve(array_agg(score), array_agg(is_anomaly), 0.1)
            FROM clip GROUP BY machine
            """)
        #expect(rows.count == 3)
        for row in rows {
            #expect(try row.double(0) == row.double(1))
            #expect(try row.double(2) == row.double(3))
        }
        let ours = "SELECT count(*) FROM pg_cursors WHERE name LIKE '<unnamed portal%'"
        #expect(try connection.execute(ours)[0].int64(0) == 0)
    }

    @Test func whatIsNoCurveIsNullAndWhatCannotBeIsRefused() throws {
        let connection = try connect()
        let row = try connection.execute(
            """
            SELECT auscult.auc(score, true), auscult.auc(NULL, is_anomaly), auscult.auc(score, is_anomaly),
                auscult.auc(score, is_anomaly) FILTER (WHERE false)
            FROM (VALUES (1::double precision, true), (0, false), ('nan', NULL)) AS clip (score, is_anomaly)
            """)[0]
        #expect(try row.optionalDouble(0) == nil && row.optionalDouble(1) == nil && row.optionalDouble(3) == nil)
        #expect(try row.double(2) == 1)
        for refused in ["0", "1.5", "NULL"] {
            #expect(throws: PostgreSQLError.self) {
                try connection.execute("SELECT auscult.pauc(1, true, \(refused))")
            }
        }
        try connection.execute("SET extra_float_digits = 0")
        #expect(throws: PostgreSQLError.self) { try connection.execute("SELECT auscult.auc(1, true)") }
    }
}
