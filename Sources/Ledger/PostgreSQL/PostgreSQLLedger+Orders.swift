package import Plant
internal import PostgreSQL

// What operators want, as the broker reads it.

extension PostgreSQLLedger {
    package func openOrders() throws -> [OperatorOrder] {
        try perform { connection in
            try connection.execute(
                """
                SELECT number, reason, given_by, action, kind, site, machine_type, last_job,
                    coalesce(jobs, '{}')::text[]
                FROM auscult.operator_order WHERE closed_at IS NULL ORDER BY number
                """
            ).map { row in
                OperatorOrder(
                    number: try row.int64(0), action: try row.action(3), reason: try row.text(1),
                    givenBy: try row.text(2))
            }
        }
    }

    package func close(order: Int64, clips: Int, epoch: UInt32) throws {
        try transaction(epoch: epoch) { connection in
            _ = try connection.execute(
                """
                UPDATE auscult.operator_order SET closed_by = 'broker', closed_at = now(), clips = $2
                WHERE number = $1 AND closed_at IS NULL AND action <> 'pause'
                """, [.int64(order), .int(clips)])
        }
    }
}

extension Row {
    /// Of six columns, from `action` to `jobs`.
    fileprivate func action(_ column: Int) throws -> OperatorOrder.Action {
        let kind = try optionalText(column + 1).flatMap { QueueScope.Kind(rawValue: $0) }
        let scope = QueueScope(
            kind: kind, site: try optionalText(column + 2), machineType: try optionalText(column + 3))
        let jobs = try texts(column + 5).compactMap { Int64($0) }
        switch try text(column) {
        case "pause": return .pause(scope)
        case "retry": return .retry(jobs)
        default:
            guard let lastJob = try optionalInt64(column + 4) else { return .cancelJobs(jobs) }
            return .cancel(scope, lastJob: lastJob)
        }
    }
}
