private import FoundationEssentials
package import Plant
internal import PostgreSQL

// What becomes of clips. A job's first ending wins, so each statement asks for the other kind of ending first; and it
// asks row by row, whatever the planner believes about tables that were empty a moment ago.

extension PostgreSQLLedger {
    package func record(_ outcomes: [OutcomeRecord], epoch: UInt32) throws {
        try transaction(epoch: epoch) { connection in
            try insertResults(outcomes, connection)
            try insertDeadLetters(outcomes, connection)
            try insertFailedAttempts(outcomes, connection)
            try unlist(outcomes, connection)
        }
    }

    /// Clips that have ended are looked for no more.
    private func unlist(_ outcomes: [OutcomeRecord], _ connection: Connection) throws {
        guard !outcomes.isEmpty else { return }
        try connection.execute(
            "DELETE FROM auscult.open_behind WHERE job = ANY ($1) AND auscult.has_ended(job)",
            [.int64s(outcomes.map(\.job))])
    }

    package func outcome(of job: Int64) throws -> OutcomeRecord? {
        try perform { connection in
            let result = try connection.execute(
                """
                SELECT attempt, worker, model_version, score, log_odds, threshold, verdict, neighbour_distance,
                    coalesce(flags, '{}'), reason, shares::text, queue_milliseconds, compute_milliseconds
                FROM auscult.result WHERE job = $1 ORDER BY scored_at LIMIT 1
                """, [.int64(job)]
            ).first.map { row in
                OutcomeRecord(
                    job: job, attempt: try row.int(0), worker: try row.text(1), ending: .scored(try row.score(2)))
            }
            if let result { return result }
            return try connection.execute(
                "SELECT attempt, worker, code, reason FROM auscult.dead_letter WHERE job = $1", [.int64(job)]
            ).first.map { row in
                OutcomeRecord(
                    job: job, attempt: try row.int(0), worker: try row.text(1),
                    ending: .dead(code: try row.int(2), reason: try row.text(3)))
            }
        }
    }

    package func fates(of jobs: [Int64]) throws -> [ClipFate] {
        let clips = try perform { connection in
            try connection.execute(
                "SELECT job, site, key FROM auscult.clip WHERE job = ANY ($1)", [.int64s(jobs)]
            ).map { (job: try $0.int64(0), site: try $0.text(1), key: try $0.text(2)) }
        }
        return try clips.map { clip in
            ClipFate(job: clip.job, site: clip.site, key: clip.key, outcome: try outcome(of: clip.job))
        }
    }

    private func insertResults(_ outcomes: [OutcomeRecord], _ connection: Connection) throws {
        let results = outcomes.compactMap { outcome -> (OutcomeRecord, ScoreRecord)? in
            if case .scored(let score) = outcome.ending { (outcome, score) } else { nil }
        }
        guard !results.isEmpty else { return }
        let scores = results.map(\.1.worthKeeping)
        try connection.execute(
            """
            INSERT INTO auscult.result (job, attempt, worker, model_version, score, log_odds, threshold, verdict,
                neighbour_distance, flags, queue_milliseconds, compute_milliseconds, reason, shares,
                site, machine_type, machine_id, recorded_at, accepted_at, key, name)
            SELECT job, attempt, worker, model_version, score, log_odds, threshold, verdict,
                neighbour_distance, string_to_array(flags, chr(31)), queue_milliseconds, compute_milliseconds, reason,
                shares::jsonb, site, machine_type, machine_id, recorded_at, accepted_at, key, name
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                AS i (job, attempt, worker, model_version, score, log_odds, threshold, verdict,
                    neighbour_distance, flags, queue_milliseconds, compute_milliseconds, reason, shares)
            CROSS JOIN LATERAL (
                SELECT site, machine_type, machine_id, recorded_at, accepted_at, key, name
                FROM auscult.clip c WHERE c.job = i.job AND c.job BETWEEN $15 AND $16 LIMIT 1
            ) AS c
            WHERE (SELECT true FROM auscult.dead_letter d WHERE d.job = i.job) IS NULL
            ON CONFLICT DO NOTHING
            """,
            [
                .int64s(results.map(\.0.job)), .ints(results.map(\.0.attempt)), .texts(results.map(\.0.worker)),
                .texts(scores.map(\.modelVersion)), .doubles(scores.map(\.score)), .doubles(scores.map(\.logOdds)),
                .doubles(scores.map(\.threshold)), .texts(scores.map(\.verdict)),
                .doubles(scores.map(\.neighbourDistance)),
                .texts(scores.map { $0.flags.isEmpty ? nil : $0.flags.joined(separator: "\u{1f}") }),
                .doubles(scores.map(\.queueMilliseconds)), .doubles(scores.map(\.computeMilliseconds)),
                .texts(scores.map(\.reason)), .texts(scores.map { $0.shares.isEmpty ? nil : $0.shares.json }),
                // So that only the days of these jobs are looked at, not every day there is.
                .int64(results.map(\.0.job).min()), .int64(results.map(\.0.job).max()),
            ])
    }

    private func insertDeadLetters(_ outcomes: [OutcomeRecord], _ connection: Connection) throws {
        let letters = outcomes.compactMap { outcome -> Failure? in
            if case .dead(let code, let reason) = outcome.ending { (outcome, code, reason) } else { nil }
        }
        guard !letters.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO auscult.dead_letter (job, attempt, worker, code, reason)
            SELECT job, attempt, worker, code, reason
            FROM unnest($1, $2, $3, $4, $5) AS i (job, attempt, worker, code, reason)
            WHERE (SELECT true FROM auscult.clip c WHERE c.job = i.job)
                AND (SELECT true FROM auscult.result r WHERE r.job = i.job LIMIT 1) IS NULL
                -- Asked first: a letter that an operator is about to take back would make us wait.
                AND (SELECT true FROM auscult.dead_letter d WHERE d.job = i.job) IS NULL
            ON CONFLICT DO NOTHING
            """, parameters(letters))
    }

    private func insertFailedAttempts(_ outcomes: [OutcomeRecord], _ connection: Connection) throws {
        let attempts = outcomes.compactMap { outcome -> Failure? in
            if case .failedAttempt(let code, let reason) = outcome.ending { (outcome, code, reason) } else { nil }
        }
        guard !attempts.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO auscult.attempt (job, attempt, worker, code, reason)
            SELECT job, attempt, worker, code, reason
            FROM unnest($1, $2, $3, $4, $5) AS i (job, attempt, worker, code, reason)
            WHERE (SELECT true FROM auscult.clip c WHERE c.job = i.job)
            ON CONFLICT DO NOTHING
            """, parameters(attempts))
    }

    private typealias Failure = (outcome: OutcomeRecord, code: Int, reason: String)

    private func parameters(_ failures: [Failure]) -> [Parameter] {
        [
            .int64s(failures.map(\.outcome.job)), .ints(failures.map(\.outcome.attempt)),
            .texts(failures.map(\.outcome.worker)), .ints(failures.map(\.code)), .texts(failures.map(\.reason)),
        ]
    }
}

extension Row {
    fileprivate func score(_ column: Int) throws -> ScoreRecord {
        ScoreRecord(
            modelVersion: try text(column), score: try double(column + 1), logOdds: try optionalDouble(column + 2),
            threshold: try optionalDouble(column + 3), verdict: try text(column + 4),
            neighbourDistance: try optionalDouble(column + 5), flags: try texts(column + 6),
            reason: try optionalText(column + 7),
            shares: try optionalText(column + 8).map { try [ScoreShare](json: $0) } ?? [],
            queueMilliseconds: try double(column + 9), computeMilliseconds: try double(column + 10))
    }
}

extension [ScoreShare] {
    /// For a parameter that is cast to `jsonb`.
    fileprivate var json: String {
        do {
            return String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
        } catch {
            preconditionFailure("numbers that were checked cannot be encoded: \(error)")
        }
    }

    fileprivate init(json: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(json.utf8))
    }
}
