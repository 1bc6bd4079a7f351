package import Plant
internal import PostgreSQL

extension PostgreSQLLedger: DatasetLedger {
    package func createDataset(_ name: String, feature: FeatureRecord?) throws {
        try transaction { connection in
            try connection.execute(
                "INSERT INTO auscult.dataset (name, base, feature) VALUES ($1, $1, $2::jsonb) ON CONFLICT DO NOTHING",
                [.text(name), .text(feature?.json)])
            let stored = try connection.execute(
                "SELECT \(FeatureRecord.columns) FROM auscult.dataset WHERE name = $1", [.text(name)])
            guard try stored[0].feature(0) == feature else { throw LedgerError.changedFeature(dataset: name) }
        }
    }

    package func addClips(_ clips: [DatasetClip], to dataset: String) throws -> [DatasetAddition] {
        try transaction { connection in
            try checkExists(dataset, connection)
            var fresh = try insert(clips, into: dataset, connection)
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

    package func importDataset(
        _ name: String, feature: FeatureRecord?, clips: [DatasetClip]
    ) throws -> DatasetRevision {
        try transaction { connection in
            try connection.execute("LOCK TABLE auscult.dataset IN SHARE ROW EXCLUSIVE MODE")
            let last = try connection.execute(
                """
                SELECT name, version, \(FeatureRecord.columns) FROM auscult.dataset WHERE base = $1
                ORDER BY version DESC LIMIT 1
                """, [.text(name)]
            ).first
            let (place, known) =
                try last.map { ((name: try $0.text(0), version: try $0.int(1)), try $0.feature(2)) }
                ?? ((name: name, version: 0), feature)
            let before = try connection.execute(Self.selectClips, [.text(place.name)]).map { try $0.datasetClip() }
            let revision = DatasetRevision(
                of: name, clips, after: place, holding: before, isOther: last == nil || known != feature)
            guard revision.version != place.version else { return revision }
            try connection.execute(
                "INSERT INTO auscult.dataset (name, base, version, feature) VALUES ($1, $2, $3, $4::jsonb)",
                [.text(revision.name), .text(name), .int(revision.version), .text(feature?.json)])
            _ = try insert(clips, into: revision.name, connection)
            return revision
        }
    }

    package func storedName(ofDataset name: String) throws -> String? {
        try perform { connection in try storedName(ofDataset: name, connection) }
    }

    func storedName(ofDataset name: String, _ connection: Connection) throws -> String? {
        let newest = try connection.execute(
            "SELECT name FROM auscult.dataset WHERE base = $1 ORDER BY version DESC LIMIT 1", [.text(name)])
        if let newest = newest.first { return try newest.text(0) }
        guard let (base, version) = DatasetRevision.parts(name) else { return nil }
        return try connection.execute(
            "SELECT name FROM auscult.dataset WHERE base = $1 AND version = $2", [.text(base), .int(version)]
        ).first?.text(0)
    }

    package func datasets() throws -> [DatasetRecord] {
        try perform { connection in
            try records(
                connection,
                where: "version = (SELECT max(version) FROM auscult.dataset d WHERE d.base = dataset.base)", [])
        }
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
        SELECT path, machine_type, machine_id, split, is_anomaly, sha256, format, channel, domain, attributes
        FROM auscult.dataset_clip WHERE dataset = $1
        """

    /// The paths of those that were not there.
    private func insert(
        _ clips: [DatasetClip], into dataset: String, _ connection: Connection
    ) throws -> Set<String> {
        let added = try connection.execute(
            """
            INSERT INTO auscult.dataset_clip (dataset, path, machine_type, machine_id, split, is_anomaly, sha256,
                format, channel, domain, attributes)
            SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT DO NOTHING RETURNING path
            """,
            [
                .text(dataset), .texts(clips.map(\.path)), .texts(clips.map(\.machine.type)),
                .texts(clips.map(\.machine.id)), .texts(clips.map(\.split.rawValue)),
                .bools(clips.map(\.isAnomaly)), .byteStrings(clips.map(\.sha256.bytes)),
                .texts(clips.map(\.format.rawValue)), .ints(clips.map(\.channel)), .texts(clips.map(\.domain)),
                .texts(clips.map(\.attributes)),
            ])
        return try Set(added.map { try $0.text(0) })
    }

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
            SELECT name, created_at, base, version, \(FeatureRecord.columns) FROM auscult.dataset WHERE \(condition)
            ORDER BY name COLLATE "C"
            """, parameters
        ).map { row in
            let name = try row.text(0)
            return DatasetRecord(
                name: name, base: try row.text(2), version: try row.int(3), feature: try row.feature(4),
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
            channel: try int(7), domain: try optionalText(8), attributes: try optionalText(9))
    }
}
