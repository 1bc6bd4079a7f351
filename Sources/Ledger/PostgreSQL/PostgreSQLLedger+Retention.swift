internal import PostgreSQL

extension PostgreSQLLedger: RetentionLedger {
    package func retentionPolicy() throws -> RetentionPolicy {
        try perform { connection in
            let row = try connection.execute("SELECT bytes_days, rows_days FROM auscult.retention")[0]
            return RetentionPolicy(
                bytesDays: try row.optionalInt64(0).map { Int($0) }, rowsDays: try row.optionalInt64(1).map { Int($0) })
        }
    }

    package func keep(_ policy: RetentionPolicy) throws {
        try perform { connection in
            _ = try connection.execute(
                "SELECT auscult.set_retention($1::integer, $2::integer)",
                [.int(policy.bytesDays), .int(policy.rowsDays)])
        }
    }

    package func calendar() throws -> Int64 {
        try perform { connection in try connection.execute("SELECT clock_timestamp()")[0].timestamp(0) }
    }

    package func dropOldDays(at time: Int64?) throws -> Int {
        try perform { connection in
            try connection.execute(
                "SELECT auscult.drop_old_days((coalesce($1, now()) AT TIME ZONE 'UTC')::date)", [.timestamp(time)]
            ).count
        }
    }

    package func unneededSegments(among candidates: [Int64], at time: Int64?) throws -> [Int64] {
        try perform { connection in
            try connection.execute(
                "SELECT auscult.unneeded_segments($1, coalesce($2, now()))", [.int64s(candidates), .timestamp(time)]
            ).map { try $0.int64(0) }
        }
    }
}
