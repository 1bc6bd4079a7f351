import FoundationEssentials
import PostgreSQL

/// A question of `schema/README.md`.
struct YearQuestion {
    let title: String
    let sql: String

    /// The numbered headings of the page with the first block of SQL below each.
    static func all(in page: String) -> [YearQuestion] {
        page.components(separatedBy: "\n### ").dropFirst().compactMap { section in
            let parts = section.components(separatedBy: "```sql\n")
            guard parts.count > 1, let title = parts[0].split(separator: "\n").first, title.first?.isNumber == true,
                let sql = parts[1].components(separatedBy: "\n```").first
            else { return nil }
            return YearQuestion(title: title.drop { $0.isNumber || $0 == "." || $0 == " " }.description, sql: sql)
        }
    }

    static let all = all(in: String(decoding: PackageResources.README_md, as: UTF8.self))

    /// How the server answers.
    struct Plan: Decodable {
        let root: Node
        let planningMilliseconds: Double

        struct Node: Decodable {
            let type: String
            let relation: String?
            let parts: [Node]?

            enum CodingKeys: String, CodingKey {
                case type = "Node Type"
                case relation = "Relation Name"
                case parts = "Plans"
            }

            /// Tables that are read from end to end.
            var sequential: [String] {
                (type == "Seq Scan" ? [relation ?? ""] : []) + (parts ?? []).flatMap(\.sequential)
            }
        }

        enum CodingKeys: String, CodingKey {
            case root = "Plan"
            case planningMilliseconds = "Planning Time"
        }

        /// Months of results that are read from end to end.
        var monthsRead: Int { Set(root.sequential.filter { $0.hasPrefix("result_") }).count }
    }

    func plan(_ connection: Connection) throws -> Plan {
        let rows = try connection.execute("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT json) \(sql)")
        guard let row = rows.first else { throw QueueBenchError("no plan came back") }
        guard let plan = try JSONDecoder().decode([Plan].self, from: Data(row.text(0).utf8)).first else {
            throw QueueBenchError("the plan is empty")
        }
        return plan
    }

    /// Seconds from the question to the last row, planning included: each call is a new text to the server.
    func ask(_ connection: Connection, number: Int) throws -> (seconds: Double, rows: Int) {
        let start = ContinuousClock.now
        let rows = try connection.execute("/* \(number) */ \(sql)")
        return ((ContinuousClock.now - start) / .seconds(1), rows.count)
    }
}
