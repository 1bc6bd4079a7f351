internal import Plant
internal import PostgreSQL

extension PostgreSQLLedger: ModelLedger {
    package func addModel(_ draft: ModelDraft) throws -> ModelRecord {
        try transaction { connection in
            let hash = ContentHash(of: draft.file)
            if let known = try models("file_sha256 = $1", [.bytes(hash.bytes)], connection).last {
                // What is imported again is mended.
                try connection.execute(
                    "UPDATE auscult.model_version SET file = $2 WHERE file_sha256 = $1 AND sha256(file) <> $1",
                    [.bytes(hash.bytes), .bytes(draft.file)])
                return known
            }
            return try insert(draft, run: nil, connection)
        }
    }

    package func models() throws -> [ModelRecord] {
        try perform { connection in try models("true", [], connection) }
    }

    package func model(_ version: String) throws -> ModelRecord? {
        try perform { connection in try models("version = $1", [.text(version)], connection).first }
    }

    package func modelFile(of version: String) throws -> [UInt8]? {
        try perform { connection in
            try connection.execute(
                "SELECT file, file_sha256, version FROM auscult.model_version WHERE version = $1", [.text(version)]
            ).first?.modelFile()
        }
    }

    /// Throws `.notFound` where there is no such version.
    func existingModel(_ version: String, _ connection: Connection) throws -> ModelRecord {
        guard let model = try models("version = $1", [.text(version)], connection).first else {
            throw LedgerError.unknown(model: version)
        }
        return model
    }

    /// Newest first.
    func models(_ condition: String, _ parameters: [Parameter], _ connection: Connection) throws -> [ModelRecord] {
        try connection.execute(
            """
            SELECT version, kind, weights_hash, file_sha256, octet_length(file), dataset, machines, metadata::text, run,
                created_at, \(FeatureRecord.columns)
            FROM auscult.model_version WHERE \(condition) ORDER BY number DESC
            """, parameters
        ).map { try $0.model() }
    }

    func insert(_ draft: ModelDraft, run: Int64?, _ connection: Connection) throws -> ModelRecord {
        if let dataset = draft.dataset { try checkExists(dataset, connection) }
        // Two models of a kind at once wait for each other's number.
        try connection.execute("LOCK TABLE auscult.model_version IN SHARE ROW EXCLUSIVE MODE")
        if let wanted = draft.version, try !models("version = $1", [.text(wanted)], connection).isEmpty {
            throw LedgerError.taken(version: wanted)
        }
        let version = try connection.execute(
            """
            INSERT INTO auscult.model_version (version, kind, dataset, run, machines, feature, metadata, weights_hash,
                file_sha256, file)
            VALUES (coalesce($10, $1 || '-' || (SELECT count(*) + 1 FROM auscult.model_version WHERE kind = $1)),
                $1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8, $9)
            RETURNING version
            """,
            [
                .text(draft.kind), .text(draft.dataset), .int64(run), .texts(draft.machines.map(\.description)),
                .text(draft.feature.json), .text(draft.metadata), .bytes(draft.weightsHash.bytes),
                .bytes(ContentHash(of: draft.file).bytes), .bytes(draft.file), .text(draft.version),
            ])[0].text(0)
        return try existingModel(version, connection)
    }
}

extension Row {
    /// Of three columns: the file, its hash, the version.
    func modelFile() throws -> [UInt8] {
        let (file, hash) = (try bytes(0), try hash(1))
        guard ContentHash(of: file) == hash else { throw LedgerError.damaged(model: try text(2)) }
        return file
    }

    fileprivate func model() throws -> ModelRecord {
        guard let feature = try feature(10) else {
            throw LedgerError(.refused, "the database holds a model without its feature")
        }
        return ModelRecord(
            version: try text(0), kind: try text(1), weightsHash: try hash(2), fileHash: try hash(3),
            fileLength: try int(4), feature: feature, dataset: try optionalText(5),
            machines: try texts(6).map(machine), metadata: try text(7), run: try optionalInt64(8),
            createdAt: try timestamp(9))
    }
}
