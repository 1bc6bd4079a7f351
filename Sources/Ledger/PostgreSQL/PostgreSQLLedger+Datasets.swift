package import Plant
internal import PostgreSQL

extension PostgreSQLLedger: DatasetLedger {
    package func createDataset(_ name: String, feature: FeatureRecord?) throws {
        try transaction { connection in
            try connection.execute(
                "INSERT INTO auscult.dataset (name, feature) VALUES ($1, $2::jsonb) ON CONFLICT DO NOTHING",
                [.text(name), .text(feature?.json)])
            let stored = try connection.execute(
                "SELECT \(FeatureRecord.columns) FROM auscult.dataset WHERE name = $1", [.text(name)])
            guard try stored[0].feature(0) == feature else { throw LedgerError.changedFeature(dataset: name) }
        }
    }

    package func addClips(_ clips: [DatasetClip], to dataset: String) throws -> [DatasetAddition] {
        try transaction { connection in
            try checkExists(dataset, connection)
            let added = try connection.execute(
                """
                INSERT INTO auscult.dataset_clip (dataset, path, machine_type, machine_id, split, is_anomaly, sha256,
                    format, channel)
                SELECT $1, path, machine_type, machine_id, split, is_anomaly, sha256, format, channel
                FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)
                    AS clip (path, machine_type, machine_id, split, is_anomaly, sha256, format, channel)
                ON CONFLICT DO NOTHING RETURNING path
                """,
                [
                    .text(dataset), .texts(clips.map(\.path)), .texts(clips.map(\.machine.type)),
                    .texts(clips.map(\.machine.id)), .texts(clips.map(\.split.rawValue)),
                    .bools(clips.map(\.isAnomaly)), .byteStrings(clips.map(\.sha256.bytes)),
                    .texts(clips.map(\.format.rawValue)), .ints(clips.map(\.channel)),
                ])
            var fresh = try Set(added.map { try $0.text(0) })
            let stored = try connection.execute(
                "\(Self.selectClips) AND path = ANY ($2)", [.text(dataset), .texts(clips.map(\.path))]
            ).map { try $0.datasetClip() }
            let byPath = Dictionary(uniqueKeysWithValues: stored.map { ($0.path, $0) })
            return clips.map { clip in
                if fresh.remove(clip.path) != nil { return .added }
                return byPath[clip.path] == clip ? .known : .conflict
            }
        }
    }

    package func datasets() throws -> [DatasetRecord] {
        try perform { connection in try records(connection, where: "true", []) }
    }

    package func dataset(_ name: String) throws -> DatasetRecord? {
        try perform { connection in try records(connection, where: "name = $1", [.text(name)]).first }
    }

    package func clips(of dataset: String, split: DatasetClip.Split?) throws -> [DatasetClip] {
        try perform { connection in
            try checkExists(dataset, connection)
            return try connection.execute(
                "\(Self.selectClips) AND split = coalesce($2, split) ORDER BY path",
                [.text(dataset), .text(split?.rawValue)]
            ).map { try $0.datasetClip() }
        }
    }

    /// Throws `.notFound` where there is no such dataset.
    func checkExists(_ dataset: String, _ connection: Connection) throws {
        if try connection.execute("SELECT FROM auscult.dataset WHERE name = $1", [.text(dataset)]).isEmpty {
            throw LedgerError.unknown(dataset: dataset)
        }
    }

    private static let selectClips = """
        SELECT path, machine_type, machine_id, split, is_anomaly, sha256, format, channel
        FROM auscult.dataset_clip WHERE dataset = $1
        """

    private func records(
        _ connection: Connection, where condition: String, _ parameters: [Parameter]
    ) throws -> [DatasetRecord] {
        let machines = try connection.execute(
            """
            SELECT name, machine_type, machine_id, count(*) FILTER (WHERE split = 'train'),
                count(*) FILTER (WHERE split = 'test' AND NOT is_anomaly),
                count(*) FILTER (WHERE split = 'test' AND is_anomaly)
            FROM auscult.dataset JOIN auscult.dataset_clip ON dataset = name WHERE \(condition)
            GROUP BY name, machine_type, machine_id
            """, parameters
        ).map { row in
            (
                dataset: try row.text(0),
                machine: DatasetRecord.Machine(
                    name: try row.machine(1), train: try row.int(3), testNormal: try row.int(4),
                    testAnomalous: try row.int(5))
            )
        }
        let byDataset = Dictionary(grouping: machines, by: \.dataset)
        return try connection.execute(
            """
            SELECT name, created_at, \(FeatureRecord.columns) FROM auscult.dataset WHERE \(condition)
            ORDER BY name COLLATE "C"
            """, parameters
        ).map { row in
            let name = try row.text(0)
            return DatasetRecord(
                name: name, feature: try row.feature(2),
                machines: byDataset[name, default: []].map(\.machine).sorted { $0.name < $1.name },
                createdAt: try row.timestamp(1))
        }
    }
}

extension Row {
    fileprivate func datasetClip() throws -> DatasetClip {
        DatasetClip(
            machine: try machine(1), split: try value(3, as: DatasetClip.Split.self), isAnomaly: try bool(4),
            format: try value(6, as: ClipRecord.Format.self), path: try text(0), sha256: try hash(5),
            channel: try int(7))
    }
}
