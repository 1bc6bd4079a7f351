package import Plant
internal import PostgreSQL

// How a run stops and goes on: checkpoints, pauses, forks.

extension PostgreSQLLedger {
    /// Checkpoints kept per run: the newest, and one to fall back on.
    private static let checkpointLimit = 2

    package func record(_ leftOut: [LeftOut], of run: Int64, fence: Int64) throws {
        try transaction(fence: fence) { connection in
            try connection.execute("DELETE FROM auscult.run_left_out WHERE run = $1", [.int64(run)])
            _ = try connection.execute(
                """
                INSERT INTO auscult.run_left_out (run, number, machine_type, machine_id, clip, reason)
                SELECT $1, * FROM unnest($2, $3, $4, $5, $6)
                """,
                [
                    .int64(run), .ints(Array(leftOut.indices)), .texts(leftOut.map(\.machine.type)),
                    .texts(leftOut.map(\.machine.id)), .texts(leftOut.map(\.clip)), .texts(leftOut.map(\.reason)),
                ])
        }
    }

    package func recordValidation(loss: Double, step: Int, of run: Int64, fence: Int64) throws {
        try transaction(fence: fence) { connection in
            _ = try connection.execute(
                """
                UPDATE auscult.training_step SET validation_loss = $3
                WHERE run = $1 AND step = $2 AND validation_loss IS NULL
                """, [.int64(run), .int(step), .double(loss)])
        }
    }

    package func keep(_ checkpoint: CheckpointRecord, of run: Int64, fence: Int64) throws {
        try transaction(fence: fence) { connection in
            try connection.execute(
                """
                INSERT INTO auscult.run_checkpoint (run, step, state, sha256) VALUES ($1, $2, $3, $4)
                ON CONFLICT (run, step) DO UPDATE SET state = excluded.state, sha256 = excluded.sha256, at = now()
                """,
                [
                    .int64(run), .int(checkpoint.step), .bytes(checkpoint.state),
                    .bytes(ContentHash(of: checkpoint.state).bytes),
                ])
            _ = try connection.execute(
                """
                DELETE FROM auscult.run_checkpoint WHERE run = $1 AND step NOT IN (
                    SELECT step FROM auscult.run_checkpoint WHERE run = $1 ORDER BY step DESC LIMIT $2)
                """, [.int64(run), .int(Self.checkpointLimit)])
        }
    }

    package func checkpoint(of run: Int64) throws -> CheckpointRecord? {
        try perform { connection in
            try connection.execute(
                """
                SELECT step, state FROM auscult.run_checkpoint WHERE run = $1 AND sha256 = sha256(state)
                ORDER BY step DESC LIMIT 1
                """, [.int64(run)]
            ).first.map { CheckpointRecord(step: try $0.int(0), state: try $0.bytes(1)) }
        }
    }

    package func pausedRuns(fence: Int64) throws -> [Int64] {
        try perform { connection in
            try connection.execute(
                "SELECT run FROM auscult.run WHERE state = 'running' AND fence = $1 AND pause_requested ORDER BY run",
                [.int64(fence)]
            ).map { try $0.int64(0) }
        }
    }

    package func confirmPause(of run: Int64, fence: Int64) throws {
        try transaction(fence: fence) { connection in
            try update(run, "state = 'paused', pause_requested = false", [], fence: fence, connection)
        }
    }

    package func pause(_ run: Int64) throws -> RunRecord.State {
        try transaction { connection in
            let rows = try connection.execute(
                """
                UPDATE auscult.run SET pause_requested = pause_requested OR state = 'running',
                    state = CASE state WHEN 'queued' THEN 'paused' ELSE state END
                WHERE run = $1 RETURNING state
                """, [.int64(run)])
            guard let row = rows.first else { throw LedgerError.unknown(run: run) }
            try connection.notify(.runCancelled)
            return try row.value(0, as: RunRecord.State.self)
        }
    }

    package func resume(_ run: Int64) throws {
        try transaction { connection in
            let resumed = try connection.execute(
                """
                UPDATE auscult.run r SET state = 'queued', pause_requested = false, cancel_requested = false,
                    reason = NULL, finished_at = NULL
                WHERE run = $1 AND (state = 'paused' OR (state IN ('failed', 'cancelled')
                    AND EXISTS (SELECT FROM auscult.run_checkpoint c WHERE c.run = r.run)))
                """, [.int64(run)]
            ).affected
            guard resumed == 1 else {
                let isKnown = try !connection.execute("SELECT FROM auscult.run WHERE run = $1", [.int64(run)]).isEmpty
                throw isKnown ? LedgerError.notResumable(run: run) : LedgerError.unknown(run: run)
            }
            try connection.notify(.runSubmitted)
        }
    }

    package func fork(_ run: Int64, specification: String) throws -> Int64 {
        try transaction { connection in
            let forked = try connection.execute(
                """
                WITH origin AS (
                    SELECT c.step, c.state, c.sha256 FROM auscult.run_checkpoint c
                    WHERE c.run = $1 AND c.sha256 = sha256(c.state) ORDER BY step DESC LIMIT 1
                ), child AS (
                    INSERT INTO auscult.run (kind, model, dataset, specification, forked_from)
                    SELECT kind, model, dataset, $2::jsonb, run FROM auscult.run
                    WHERE run = $1 AND EXISTS (SELECT FROM origin) RETURNING run
                ), copied AS (
                    INSERT INTO auscult.run_checkpoint (run, step, state, sha256)
                    SELECT child.run, origin.* FROM child, origin
                )
                SELECT run FROM child
                """, [.int64(run), .text(specification)])
            guard let child = try forked.first?.int64(0) else {
                let isKnown = try !connection.execute("SELECT FROM auscult.run WHERE run = $1", [.int64(run)]).isEmpty
                throw isKnown ? LedgerError.noCheckpoint(run: run) : LedgerError.unknown(run: run)
            }
            try connection.notify(.runSubmitted)
            return child
        }
    }
}
