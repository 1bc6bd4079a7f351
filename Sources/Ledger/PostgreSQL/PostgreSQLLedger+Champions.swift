package import Plant
internal import PostgreSQL

extension PostgreSQLLedger {
    package func champions() throws -> [Champion] {
        try perform { connection in
            try connection.execute(
                """
                SELECT machine, version, file_sha256, kind = 'ear' FROM auscult.champions JOIN auscult.model_version USING (version)
                """
            ).map { row in
                Champion(
                    machine: try row.machine(row.text(0)), modelVersion: try row.text(1), modelHash: try row.hash(2),
                    teaches: try row.bool(3))
            }.sorted { $0.machine < $1.machine }
        }
    }

    package func promote(_ version: String, machines: [MachineName]?) throws -> [ChampionChange] {
        try transaction { connection in
            try promote(try existingModel(version, connection), machines: machines, connection)
        }
    }

    /// Within a transaction.
    func promote(
        _ model: ModelRecord, machines: [MachineName]?, _ connection: Connection
    ) throws -> [ChampionChange] {
        if let stranger = machines?.first(where: { !model.machines.contains($0) }) {
            throw LedgerError.unfit(model: model.version, machine: stranger)
        }
        let reigns = try lockReigns(connection)
        let changes = Set(machines ?? model.machines).sorted().compactMap { machine -> Change? in
            let reign = reigns[machine]
            guard reign?.version != model.version else { return nil }
            return Change(
                machine: machine, before: reign?.version, now: model.version, replaces: reign?.promotion)
        }
        return try apply(changes, connection)
    }

    package func rollback(machines: [MachineName]?) throws -> [ChampionChange] {
        try transaction { connection in
            let reigns = try lockReigns(connection)
            let changes = Set(machines ?? Array(reigns.keys)).sorted().compactMap { machine -> Change? in
                guard let reign = reigns[machine], let version = reign.version else { return nil }
                return Change(
                    machine: machine, before: version, now: reign.versionBefore, replaces: reign.replacesBefore)
            }
            return try apply(changes, connection)
        }
    }

    /// The newest promotion of a machine, and what the one it replaced says.
    private struct Reign {
        let promotion: Int64
        let version: String?
        let versionBefore: String?
        let replacesBefore: Int64?
    }

    private struct Change {
        let machine: MachineName
        let before: String?
        let now: String?
        let replaces: Int64?
    }

    /// By machine; nobody else promotes until the transaction ends.
    private func lockReigns(_ connection: Connection) throws -> [MachineName: Reign] {
        try connection.execute("LOCK TABLE auscult.promotion IN SHARE ROW EXCLUSIVE MODE")
        let rows = try connection.execute(
            """
            SELECT DISTINCT ON (p.machine) p.machine, p.promotion, p.version, before.version, before.replaces
            FROM auscult.promotion p LEFT JOIN auscult.promotion before ON before.promotion = p.replaces
            ORDER BY p.machine, p.promotion DESC
            """)
        return try Dictionary(
            uniqueKeysWithValues: rows.map { row in
                (
                    try row.machine(row.text(0)),
                    Reign(
                        promotion: try row.int64(1), version: try row.optionalText(2),
                        versionBefore: try row.optionalText(3), replacesBefore: try row.optionalInt64(4))
                )
            })
    }

    private func apply(_ changes: [Change], _ connection: Connection) throws -> [ChampionChange] {
        guard !changes.isEmpty else { return [] }
        try connection.execute(
            """
            INSERT INTO auscult.promotion (machine, version, replaces, promoted_by)
            SELECT machine, version, replaces, coalesce($4, session_user)
            FROM unnest($1, $2, $3) AS change (machine, version, replaces)
            """,
            [
                .texts(changes.map(\.machine.description)), .texts(changes.map(\.now)),
                .int64s(changes.map(\.replaces)), .text(author),
            ])
        try connection.notify(.championsChanged)
        return changes.map { ChampionChange(machine: $0.machine, before: $0.before, now: $0.now) }
    }
}
