internal import Plant
internal import PostgreSQL

// What the coordinator commits while a run goes on and when it ends, each in one transaction under its fence.

extension PostgreSQLLedger {
    package func record(
        _ shards: [ShardRecord], step: StepRecord?, progress: Double, of run: Int64, fence: Int64
    ) throws {
        try transaction(fence: fence) { connection in
            try update(run, "progress = $3", [.double(progress)], fence: fence, connection)
            if !shards.isEmpty { try insert(shards, of: run, connection) }
            if let step { try insert(step, of: run, connection) }
        }
    }

    package func complete(
        _ run: Int64, model: ModelDraft, promoting: Bool, clipsPerSecond: Double, fence: Int64
    ) throws -> ModelRecord {
        try transaction(fence: fence) { connection in
            if let stored = try models("run = $1", [.int64(run)], connection).first { return stored }
            let stored = try insert(model, run: run, connection)
            try update(
                run,
                """
                state = 'done', progress = 1, finished_at = now(), model_version = $3, weights_hash = $4,
                clips_per_second = $5
                """,
                [.text(stored.version), .bytes(stored.weightsHash.bytes), .double(clipsPerSecond)],
                fence: fence, connection)
            if promoting { _ = try promote(stored, machines: nil, connection) }
            return stored
        }
    }

    package func complete(_ run: Int64, evaluation: EvaluationDraft, fence: Int64) throws {
        try transaction(fence: fence) { connection in
            let done = try connection.execute(
                "SELECT FROM auscult.run WHERE run = $1 AND state = 'done'", [.int64(run)])
            guard done.isEmpty else { return }
            let model = try existingModel(evaluation.modelVersion, connection)
            try replaceEvaluation(by: evaluation, connection)
            try update(
                run, "state = 'done', progress = 1, finished_at = now(), model_version = $3, weights_hash = $4",
                [.text(model.version), .bytes(model.weightsHash.bytes)], fence: fence, connection)
        }
    }

    private func insert(_ shards: [ShardRecord], of run: Int64, _ connection: Connection) throws {
        let added = try connection.execute(
            """
            INSERT INTO auscult.run_shard (run, step, phase, shard, output_hash, worker, compute_milliseconds)
            SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
            """,
            [
                .int64(run), .ints(shards.map(\.step)), .ints(shards.map(\.phase)), .ints(shards.map(\.shard)),
                .byteStrings(shards.map(\.outputHash.bytes)), .texts(shards.map(\.worker)),
                .doubles(shards.map(\.computeMilliseconds)),
            ]
        ).affected
        guard added < shards.count else { return }
        for shard in shards {
            let stored = try connection.execute(
                """
                SELECT output_hash FROM auscult.run_shard WHERE run = $1 AND step = $2 AND phase = $3 AND shard = $4
                """, [.int64(run), .int(shard.step), .int(shard.phase), .int(shard.shard)])
            guard try stored[0].hash(0) == shard.outputHash else {
                throw LedgerError.changed(shard: shard, run: run)
            }
        }
    }

    private func insert(_ step: StepRecord, of run: Int64, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO auscult.training_step
                (run, step, loss, learning_rate, weights_hash, clips_per_second, hash_before, skipped, fence)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, fence FROM auscult.run WHERE run = $1 ON CONFLICT DO NOTHING
            """,
            [
                .int64(run), .int(step.step), .double(step.loss), .double(step.learningRate),
                .bytes(step.weightsHash.bytes), .double(step.clipsPerSecond), .bytes(step.hashBefore?.bytes),
                .bool(step.isSkipped),
            ])
        let stored = try connection.execute(
            "SELECT weights_hash FROM auscult.training_step WHERE run = $1 AND step = $2",
            [.int64(run), .int(step.step)]
        )
        guard try stored[0].hash(0) == step.weightsHash else { throw LedgerError.changed(step: step.step, run: run) }
    }
}
