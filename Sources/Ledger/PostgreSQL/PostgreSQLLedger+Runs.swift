package import Plant
internal import PostgreSQL

extension PostgreSQLLedger: RunLedger {
    // MARK: for clients

    package func submit(_ request: RunRequest) throws -> Int64 {
        try transaction { connection in
            guard let dataset = try storedName(ofDataset: request.dataset, connection) else {
                throw LedgerError.unknown(dataset: request.dataset)
            }
            if request.kind == .evaluate { _ = try existingModel(request.model, connection) }
            let run = try connection.execute(
                """
                INSERT INTO auscult.run (kind, model, dataset, specification) VALUES ($1, $2, $3, $4::jsonb)
                RETURNING run
                """,
                [
                    .text(request.kind.rawValue), .text(request.model), .text(dataset),
                    .text(request.specification),
                ])[0].int64(0)
            try connection.notify(.runSubmitted)
            return run
        }
    }

    package func run(_ run: Int64) throws -> RunRecord? {
        try perform { connection in
            try connection.execute("\(Self.selectRun) WHERE run = $1", [.int64(run)]).first?.run()
        }
    }

    package func runs(limit: Int) throws -> [RunRecord] {
        try perform { connection in
            try connection.execute("\(Self.selectRun) ORDER BY run DESC LIMIT $1", [.int(limit)]).map { try $0.run() }
        }
    }

    package func leftOut(of run: Int64) throws -> [LeftOut] {
        try perform { connection in
            try connection.execute(
                "SELECT machine_type, machine_id, clip, reason FROM auscult.run_left_out WHERE run = $1 ORDER BY number",
                [.int64(run)]
            ).map { LeftOut(machine: try $0.machine(0), clip: try $0.optionalText(2), reason: try $0.text(3)) }
        }
    }

    package func steps(of run: Int64, after step: Int) throws -> [StepRecord] {
        try perform { connection in
            try connection.execute(
                """
                SELECT step, loss, learning_rate, weights_hash, clips_per_second, hash_before, validation_loss, skipped
                FROM auscult.training_step
                WHERE run = $1 AND step > $2 ORDER BY step
                """, [.int64(run), .int(step)]
            ).map { row in
                StepRecord(
                    step: try row.int(0), loss: try row.optionalDouble(1), learningRate: try row.optionalDouble(2),
                    weightsHash: try row.hash(3), clipsPerSecond: try row.double(4),
                    hashBefore: try row.optionalHash(5), validationLoss: try row.optionalDouble(6),
                    isSkipped: try row.bool(7))
            }
        }
    }

    package func cancel(_ run: Int64) throws -> RunRecord.State {
        try transaction { connection in
            let rows = try connection.execute(
                """
                UPDATE auscult.run SET cancel_requested = cancel_requested OR state = 'running',
                    finished_at = CASE WHEN state IN ('queued', 'paused') THEN now() ELSE finished_at END,
                    state = CASE WHEN state IN ('queued', 'paused') THEN 'cancelled' ELSE state END
                WHERE run = $1 RETURNING state
                """, [.int64(run)])
            guard let row = rows.first else { throw LedgerError.unknown(run: run) }
            try connection.notify(.runCancelled)
            return try row.value(0, as: RunRecord.State.self)
        }
    }

    // MARK: for the coordinator

    package func openFence(holder: String) throws -> Int64 {
        try perform { connection in
            try connection.execute(
                """
                UPDATE auscult.coordinator_fence SET fence = fence + 1, holder = $1, opened_at = now() RETURNING fence
                """, [.text(holder)])[0].int64(0)
        }
    }

    package func claimRun(fence: Int64) throws -> RunRecord? {
        try transaction(fence: fence) { connection in
            let claimed = try connection.execute(
                """
                UPDATE auscult.run SET state = 'running', fence = $1, started_at = coalesce(started_at, now())
                WHERE run = (
                    SELECT run FROM auscult.run WHERE state = 'queued' OR (state = 'running' AND fence < $1)
                    ORDER BY state = 'queued', run LIMIT 1 FOR UPDATE)
                RETURNING run
                """, [.int64(fence)])
            guard let run = try claimed.first?.int64(0) else { return nil }
            return try connection.execute("\(Self.selectRun) WHERE run = $1", [.int64(run)]).first?.run()
        }
    }

    package func cancelledRuns(fence: Int64) throws -> [Int64] {
        try perform { connection in
            try connection.execute(
                """
                SELECT run FROM auscult.run WHERE state = 'running' AND fence = $1 AND cancel_requested ORDER BY run
                """, [.int64(fence)]
            ).map { try $0.int64(0) }
        }
    }

    package func fail(_ run: Int64, reason: String, fence: Int64) throws {
        try transaction(fence: fence) { connection in
            try update(
                run, "state = 'failed', reason = $3, finished_at = now()", [.text(reason)], fence: fence, connection)
        }
    }

    package func confirmCancel(of run: Int64, fence: Int64) throws {
        try transaction(fence: fence) { connection in
            try update(run, "state = 'cancelled', finished_at = now()", [], fence: fence, connection)
        }
    }

    /// Changes a run that this coordinator works on.
    ///
    /// - Parameters:
    ///   - assignments: of SQL, with parameters from `$3` on
    func update(
        _ run: Int64, _ assignments: String, _ parameters: [Parameter], fence: Int64, _ connection: Connection
    ) throws {
        let updated = try connection.execute(
            "UPDATE auscult.run SET \(assignments) WHERE run = $1 AND fence = $2 AND state = 'running'",
            [.int64(run), .int64(fence)] + parameters
        ).affected
        guard updated == 1 else {
            let isKnown = try !connection.execute("SELECT FROM auscult.run WHERE run = $1", [.int64(run)]).isEmpty
            throw isKnown ? LedgerError.notRunning(run: run) : LedgerError.unknown(run: run)
        }
    }

    private static let selectRun = """
        SELECT run, kind, model, dataset, specification::text, state, progress,
            (SELECT count(*) FROM auscult.training_step s WHERE s.run = r.run), clips_per_second, reason,
            cancel_requested, model_version, weights_hash, submitted_at, started_at, finished_at
        FROM auscult.run r
        """
}

extension Row {
    fileprivate func run() throws -> RunRecord {
        RunRecord(
            run: try int64(0),
            request: RunRequest(
                kind: try value(1, as: RunRequest.Kind.self), model: try text(2), dataset: try text(3),
                specification: try text(4)),
            state: try value(5, as: RunRecord.State.self), progress: try double(6), steps: try int(7),
            clipsPerSecond: try optionalDouble(8), reason: try optionalText(9), isCancelRequested: try bool(10),
            modelVersion: try optionalText(11), weightsHash: try optionalHash(12), submittedAt: try timestamp(13),
            startedAt: try optionalTimestamp(14), finishedAt: try optionalTimestamp(15))
    }
}
