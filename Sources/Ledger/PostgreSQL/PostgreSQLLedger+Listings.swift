internal import Plant
internal import PostgreSQL

// The views of the schema that commands print; each can be read in SQL as well.

extension PostgreSQLLedger {
    package func queues() throws -> [QueueListing] {
        try rows(
            "SELECT site, machine_type, waiting, oldest_seconds, paused FROM auscult.queues ORDER BY 1, 2"
        ) { row in
            QueueListing(
                site: try row.text(0), machineType: try row.text(1), waiting: try row.int64(2),
                oldestSeconds: try row.double(3), isPaused: try row.bool(4))
        }
    }

    package func pauses() throws -> [PauseListing] {
        try rows(
            """
            SELECT number, kind, site, machine_type, reason, paused_by, \(Self.time("paused_at"))
            FROM auscult.queue_pauses ORDER BY number
            """
        ) { row in
            let kind = try row.optionalText(1).flatMap { QueueScope.Kind(rawValue: $0) }
            return PauseListing(
                number: try row.int64(0),
                scope: QueueScope(
                    kind: kind, site: try row.optionalText(2), machineType: try row.optionalText(3)),
                reason: try row.text(4), pausedBy: try row.text(5), pausedAt: try row.text(6))
        }
    }

    /// The newest first.
    package func deadLetters(_ filter: DeadLetterFilter, limit: Int) throws -> [DeadLetterListing] {
        try deadLetters(
            where: Self.condition + " ORDER BY died_at DESC, job DESC LIMIT $5",
            Self.parameters(filter) + [.int(limit)])
    }

    package func deadLetter(_ job: Int64) throws -> DeadLetterListing? {
        try deadLetters(where: "job = $1", [.int64(job)]).first
    }

    /// The jobs of all dead letters that are meant, oldest first.
    package func deadJobs(_ filter: DeadLetterFilter) throws -> [Int64] {
        try rows(
            "SELECT job FROM auscult.dead_letters WHERE \(Self.condition) ORDER BY job", Self.parameters(filter)
        ) { try $0.int64(0) }
    }

    package func failedAttempts(of job: Int64) throws -> [AttemptListing] {
        try rows(
            """
            SELECT attempt, \(Self.time("failed_at")), code, worker, reason, revived_by
            FROM auscult.failed_attempts AS f WHERE job = $1 ORDER BY attempt, f.failed_at
            """, [.int64(job)]
        ) { row in
            AttemptListing(
                attempt: try row.int(0), failedAt: try row.text(1), code: try row.int(2), worker: try row.text(3),
                reason: try row.text(4), revivedBy: try row.optionalText(5))
        }
    }

    private func queueRates() throws -> QueueRates {
        try perform { connection in
            let row = try connection.execute(
                """
                SELECT accepted_per_second, scored_per_second, queue_p50_milliseconds, queue_p95_milliseconds,
                    queue_p99_milliseconds, compute_p50_milliseconds, compute_p95_milliseconds,
                    compute_p99_milliseconds
                FROM auscult.queue_rates
                """)[0]
            return QueueRates(
                acceptedPerSecond: try row.double(0), scoredPerSecond: try row.double(1),
                queueMilliseconds: try row.percentiles(2), computeMilliseconds: try row.percentiles(5))
        }
    }

    package func queueStatus() throws -> QueueStatus {
        let rates = try queueRates()
        return try perform { connection in
            let row = try connection.execute("SELECT waiting, oldest_seconds, dead, pauses FROM auscult.queue_now")[0]
            return QueueStatus(
                waiting: try row.int64(0), oldestSeconds: try row.double(1), dead: try row.int64(2),
                pauses: try row.int64(3), rates: rates)
        }
    }

    // MARK: parts of statements

    private static let condition = """
        coalesce($1, site) = site AND coalesce($2, machine_type) = machine_type AND coalesce($3, code) = code
        AND ($4 OR dropped_at IS NULL)
        """

    private static func parameters(_ filter: DeadLetterFilter) -> [Parameter] {
        [.text(filter.site), .text(filter.machineType), .int(filter.code), .bool(filter.includesDropped)]
    }

    static func time(_ column: String) -> String {
        "to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    }

    private func deadLetters(where condition: String, _ parameters: [Parameter]) throws -> [DeadLetterListing] {
        try rows(
            """
            SELECT job, site, machine_type || '/' || machine_id, name, key, \(Self.time("accepted_at")),
                \(Self.time("died_at")), code, reason, attempts, retries, dropped_by, drop_reason
            FROM auscult.dead_letters WHERE \(condition)
            """, parameters
        ) { row in
            DeadLetterListing(
                job: try row.int64(0), site: try row.text(1), machine: try row.text(2), name: try row.text(3),
                key: try row.text(4), acceptedAt: try row.text(5), diedAt: try row.text(6), code: try row.int(7),
                reason: try row.text(8), attempts: try row.int(9), retries: try row.int64(10),
                droppedBy: try row.optionalText(11), dropReason: try row.optionalText(12))
        }
    }

    func rows<Value: Sendable>(
        _ sql: String, _ parameters: [Parameter] = [], _ value: (Row) throws -> Value
    ) throws -> [Value] {
        try perform { connection in try connection.execute(sql, parameters).map(value) }
    }
}

extension Row {
    /// Of three columns.
    fileprivate func percentiles(_ column: Int) throws -> QueueRates.Percentiles? {
        guard let p50 = try optionalDouble(column) else { return nil }
        return .init(p50: p50, p95: try double(column + 1), p99: try double(column + 2))
    }
}
