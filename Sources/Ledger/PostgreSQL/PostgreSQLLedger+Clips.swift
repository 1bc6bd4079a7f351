package import Plant
internal import PostgreSQL

// The way of clips into the database and back.

extension PostgreSQLLedger {
    package func accept(_ clips: [ClipRecord], epoch: UInt32) throws -> [Acceptance] {
        try transaction(epoch: epoch) { connection in
            // A key's first clip in the batch takes its job; all others find it as if it had come long ago.
            var unclaimed = try insertKeys(of: clips, connection)
            let jobs = clips.map { unclaimed.removeValue(forKey: SiteKey($0)) }
            try insert(zip(jobs, clips).compactMap { job, clip in job.map { ($0, clip) } }, connection)
            let known = try lookUp(zip(jobs, clips).compactMap { job, clip in job == nil ? clip : nil }, connection)
            return try zip(jobs, clips).map { job, clip in
                if let job { return Acceptance(key: clip.key, job: job, duplicate: false, sameContent: true) }
                guard let first = known[SiteKey(clip)] else {
                    throw LedgerError(.refused, "the key \(clip.key) of site \(clip.site) was removed meanwhile")
                }
                return Acceptance(
                    key: clip.key, job: first.job, duplicate: true, sameContent: first.sha256 == clip.sha256)
            }
        }
    }

    package func pendingClips(after job: Int64, limit: Int) throws -> [PendingClip] {
        // In this order: what is settled later than asked is looked at all the same.
        let settled = try perform { connection in
            try connection.execute("SELECT settled FROM auscult.broker_epoch")[0].int64(0)
        }
        var page: [PendingClip] = []
        var cursor = job
        while page.count < limit, cursor < settled {
            let behind = try openBehind(after: cursor, upTo: settled, limit: limit - page.count)
            page += try pendingClips(among: behind)
            cursor = behind.last ?? settled
        }
        guard page.count < limit else { return page }
        return try page
            + pendingClips(where: "job > $1", ended: "job > $1", [.int64(cursor), .int(limit - page.count)])
    }

    /// The jobs up to `settled` that may be open.
    private func openBehind(after job: Int64, upTo settled: Int64, limit: Int) throws -> [Int64] {
        try perform { connection in
            try connection.execute(
                "SELECT DISTINCT job FROM auscult.open_behind WHERE job > $1 AND job <= $2 ORDER BY job LIMIT $3",
                [.int64(job), .int64(settled), .int(limit)]
            ).map { try $0.int64(0) }
        }
    }

    package func pendingClips(among jobs: [Int64]) throws -> [PendingClip] {
        guard !jobs.isEmpty else { return [] }
        return try pendingClips(where: "job = ANY ($1)", ended: "job = ANY ($1)", [.int64s(jobs), .int(jobs.count)])
    }

    /// - Parameter ended: the same of the table of results, so that the planner leaves out the other partitions.
    private func pendingClips(
        where condition: String, ended: String, _ parameters: [Parameter]
    ) throws -> [PendingClip] {
        try perform { connection in
            // Asked clip by clip in order of job, so that the first page of many costs one page.
            try connection.execute(
                """
                SELECT job, accepted_at, (SELECT coalesce(max(attempt), 0) FROM auscult.attempt a WHERE a.job = c.job),
                    (SELECT coalesce(max(attempt), 0) FROM auscult.revival r WHERE r.job = c.job),
                    key, site, machine_type, machine_id, recorded_at, sha256, format, name, channel, priority,
                    segment, position, length, \(FeatureRecord.columns)
                FROM auscult.clip c
                WHERE \(condition)
                    AND (SELECT true FROM auscult.result r WHERE r.job = c.job AND r.\(ended) LIMIT 1) IS NULL
                    AND (SELECT true FROM auscult.dead_letter d WHERE d.job = c.job) IS NULL
                ORDER BY job LIMIT $2
                """, parameters
            ).map { row in
                // The attempt that ended an earlier life has its row with that life.
                let forgiven = try row.int(3)
                return PendingClip(
                    job: try row.int64(0), clip: try row.clip(4), acceptedAt: try row.timestamp(1),
                    attempts: max(try row.int(2), forgiven), forgiven: forgiven)
            }
        }
    }

    /// The jobs of the keys that were not there, by key.
    private func insertKeys(of clips: [ClipRecord], _ connection: Connection) throws -> [SiteKey: Int64] {
        let rows = try connection.execute(
            """
            INSERT INTO auscult.clip_key (site, key, job)
            SELECT site, key, (SELECT auscult.job_base()) + nextval('auscult.job_counter')
            FROM unnest($1, $2) AS clip (site, key)
            ON CONFLICT DO NOTHING RETURNING site, key, job
            """, [.texts(clips.map(\.site)), .texts(clips.map(\.key))])
        return try Dictionary(
            uniqueKeysWithValues: rows.map { try (SiteKey(site: $0.text(0), key: $0.text(1)), $0.int64(2)) })
    }

    private func insert(_ accepted: [(job: Int64, clip: ClipRecord)], _ connection: Connection) throws {
        guard !accepted.isEmpty else { return }
        let clips = accepted.map(\.clip)
        try connection.execute(
            """
            INSERT INTO auscult.clip (job, key, site, machine_type, machine_id, recorded_at, sha256, format, name,
                channel, priority, segment, position, length, feature)
            SELECT job, key, site, machine_type, machine_id, recorded_at, sha256, format, name,
                channel, priority, segment, position, length, feature::jsonb
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
                AS clip (job, key, site, machine_type, machine_id, recorded_at, sha256, format, name,
                    channel, priority, segment, position, length, feature)
            """,
            [
                .int64s(accepted.map(\.job)), .texts(clips.map(\.key)), .texts(clips.map(\.site)),
                .texts(clips.map(\.machine.type)), .texts(clips.map(\.machine.id)),
                .timestamps(clips.map(\.recordedAt)), .byteStrings(clips.map(\.sha256.bytes)),
                .texts(clips.map(\.format.rawValue)), .texts(clips.map(\.name)), .ints(clips.map(\.channel)),
                .ints(clips.map(\.priority.rawValue)), .int64s(clips.map(\.location.segment)),
                .int64s(clips.map(\.location.offset)), .int64s(clips.map(\.location.length)),
                .texts(clips.map(\.feature?.json)),
            ])
    }

    private func lookUp(
        _ clips: [ClipRecord], _ connection: Connection
    ) throws -> [SiteKey: (job: Int64, sha256: ContentHash)] {
        guard !clips.isEmpty else { return [:] }
        let rows = try connection.execute(
            """
            SELECT site, key, job, sha256
            FROM unnest($1, $2) AS wanted (site, key) JOIN auscult.clip_key USING (site, key)
                JOIN auscult.clip USING (job, site, key)
            """, [.texts(clips.map(\.site)), .texts(clips.map(\.key))])
        return try Dictionary(
            rows.map { try (SiteKey(site: $0.text(0), key: $0.text(1)), (job: $0.int64(2), sha256: $0.hash(3))) },
            uniquingKeysWith: { first, _ in first })
    }
}

extension Row {
    fileprivate func clip(_ column: Int) throws -> ClipRecord {
        ClipRecord(
            key: try text(column), site: try text(column + 1), machine: try machine(column + 2),
            recordedAt: try timestamp(column + 4), sha256: try hash(column + 5),
            format: try value(column + 6, as: ClipRecord.Format.self), name: try text(column + 7),
            channel: try int(column + 8), feature: try feature(column + 13),
            priority: ClipRecord.Priority(rawValue: try int(column + 9)) ?? .normal,
            location: try location(column + 10))
    }
}
