package import Plant
internal import PostgreSQL

// Machines that no model knows yet.

extension PostgreSQLLedger {
    package func beginLearning(_ need: LearningNeed, fence: Int64) throws -> [MachineName] {
        try transaction(fence: fence) { connection in
            try connection.execute(
                "SELECT machine FROM auscult.begin_learning($1::integer, $2::integer, make_interval(secs => $3)) machine",
                [.int(need.wanted), .int(need.fewest), .double(Double(need.patienceSeconds))]
            ).map { try $0.machine($0.text(0)) }
        }
    }

    package func location(ofLearned content: ContentHash) throws -> SegmentLocation? {
        try perform { connection in
            try connection.execute(
                """
                SELECT segment, position, length FROM auscult.learned_clip l JOIN auscult.clip USING (job)
                WHERE l.sha256 = $1
                """, [.bytes(content.bytes)]
            ).first.map { try $0.location(0) }
        }
    }
}
