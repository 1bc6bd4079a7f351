internal import Plant
internal import PostgreSQL

extension PostgreSQLLedger: EvaluationLedger {
    package func evaluation(of modelVersion: String, on dataset: String) throws -> EvaluationDraft? {
        try perform { connection in
            let clips = try connection.execute(
                """
                SELECT path, machine_type, machine_id, is_anomaly, score, log_odds, neighbour_distance, verdict
                FROM auscult.evaluation_score WHERE version = $1 AND dataset = $2 ORDER BY path
                """, [.text(modelVersion), .text(dataset)]
            ).map { row in
                EvaluatedClip(
                    path: try row.text(0), machine: try row.machine(1), isAnomaly: try row.bool(3),
                    score: try row.double(4), logOdds: try row.optionalDouble(5),
                    neighbourDistance: try row.optionalDouble(6), verdict: try row.optionalText(7))
            }
            guard !clips.isEmpty else { return nil }
            let machines = try connection.execute(
                """
                SELECT machine_type, machine_id, auc, pauc, auc_low, auc_high, pauc_low, pauc_high, normal, anomalous
                FROM auscult.evaluations WHERE model_version = $1 AND dataset = $2
                """, [.text(modelVersion), .text(dataset)]
            ).map { row in
                MachineEvaluation(
                    machine: try row.machine(0), auc: try row.double(2), pauc: try row.double(3),
                    aucInterval: try row.double(4)...row.double(5), paucInterval: try row.double(6)...row.double(7),
                    normalCount: try row.int(8), anomalousCount: try row.int(9))
            }
            return EvaluationDraft(
                modelVersion: modelVersion, dataset: dataset, clips: clips,
                machines: machines.sorted { $0.machine < $1.machine })
        }
    }

    func replaceEvaluation(by evaluation: EvaluationDraft, _ connection: Connection) throws {
        let owner: [Parameter] = [.text(evaluation.modelVersion), .text(evaluation.dataset)]
        for table in ["evaluation_score", "evaluation_interval"] {
            try connection.execute("DELETE FROM auscult.\(table) WHERE version = $1 AND dataset = $2", owner)
        }
        let clips = evaluation.clips
        try connection.execute(
            """
            INSERT INTO auscult.evaluation_score (version, dataset, path, machine_type, machine_id, is_anomaly, score,
                log_odds, neighbour_distance, verdict)
            SELECT $1, $2, * FROM unnest($3, $4, $5, $6, $7, $8, $9, $10)
            """,
            owner + [
                .texts(clips.map(\.path)), .texts(clips.map(\.machine.type)), .texts(clips.map(\.machine.id)),
                .bools(clips.map(\.isAnomaly)), .doubles(clips.map(\.score)), .doubles(clips.map(\.logOdds)),
                .doubles(clips.map(\.neighbourDistance)), .texts(clips.map(\.verdict)),
            ])
        let machines = evaluation.machines
        try connection.execute(
            """
            INSERT INTO auscult.evaluation_interval (version, dataset, machine_type, machine_id, auc_low, auc_high,
                pauc_low, pauc_high)
            SELECT $1, $2, * FROM unnest($3, $4, $5, $6, $7, $8)
            """,
            owner + [
                .texts(machines.map(\.machine.type)), .texts(machines.map(\.machine.id)),
                .doubles(machines.map(\.aucInterval.lowerBound)), .doubles(machines.map(\.aucInterval.upperBound)),
                .doubles(machines.map(\.paucInterval.lowerBound)), .doubles(machines.map(\.paucInterval.upperBound)),
            ])
    }
}
