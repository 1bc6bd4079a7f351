package import Plant
internal import PostgreSQL

extension PostgreSQLLedger: IntegrityLedger {
    package func reach(intoSegment segment: Int64, of kind: PayloadKind) throws -> SegmentReach {
        try perform { connection in
            let newest =
                switch kind {
                // A term's segments have higher numbers than those of the terms before, and jobs grow with time.
                case .clips: "SELECT segment FROM auscult.clip ORDER BY job DESC LIMIT 1"
                case .content: "SELECT max(segment) FROM auscult.content"
                }
            let last = try connection.execute("SELECT coalesce((\(newest)), 0)")[0].int64(0)
            let location = try connection.execute(
                """
                SELECT segment, position, length FROM auscult.\(kind.rows) WHERE segment = $1
                ORDER BY position DESC LIMIT 1
                """, [.int64(segment)]
            ).first.map { try $0.location(0) }
            return SegmentReach(lastSegment: max(last, 0), lastLocation: location)
        }
    }

    package func keptPayloads(of kind: PayloadKind, after last: KeptPayload?, limit: Int) throws -> [KeptPayload] {
        try perform { connection in
            switch kind {
            case .clips:
                try connection.execute(
                    "SELECT job, sha256, segment, position, length, label FROM auscult.kept_clips($1, $2::integer)",
                    [.int64(last?.job ?? 0), .int(limit)]
                ).map { row in
                    KeptPayload(
                        job: try row.int64(0), sha256: try row.hash(1), location: try row.location(2),
                        name: try row.text(5))
                }
            case .content:
                try connection.execute(
                    """
                    SELECT sha256, segment, position, length FROM auscult.content WHERE sha256 > $1
                    ORDER BY sha256 LIMIT $2
                    """, [.bytes(last?.sha256.bytes ?? []), .int(limit)]
                ).map { row in
                    let hash = try row.hash(0)
                    return KeptPayload(
                        job: nil, sha256: hash, location: try row.location(1), name: hash.description)
                }
            }
        }
    }

    package func damagedRows() throws -> [Damage] {
        try perform { connection in
            try connection.execute("SELECT kind, subject, reason FROM auscult.damaged_rows").map { row in
                Damage(
                    try row.value(0, as: Damage.Kind.self), try row.text(1), reason: try row.text(2))
            }
        }
    }

    package func note(_ damage: [Damage]) throws -> [Damage] {
        guard !damage.isEmpty else { return [] }
        return try transaction { connection in
            let new = try connection.execute(
                """
                INSERT INTO auscult.damage (kind, subject, reason)
                SELECT DISTINCT ON (kind, subject) * FROM unnest($1, $2, $3) AS found (kind, subject, reason)
                ON CONFLICT (kind, subject) DO UPDATE SET reason = excluded.reason, seen_at = clock_timestamp()
                RETURNING kind, subject, reason, xmax = 0
                """,
                [.texts(damage.map(\.kind.rawValue)), .texts(damage.map(\.subject)), .texts(damage.map(\.reason))])
            return try new.filter { try $0.bool(3) }.map { row in
                Damage(try row.value(0, as: Damage.Kind.self), try row.text(1), reason: try row.text(2))
            }
        }
    }

    package func forgetDamage(of kind: Damage.Kind, notedBefore time: Int64) throws {
        try perform { connection in
            _ = try connection.execute(
                "DELETE FROM auscult.damage WHERE kind = $1 AND seen_at < $2",
                [.text(kind.rawValue), .timestamp(time)])
        }
    }

    package func time() throws -> Int64 {
        try perform { connection in try connection.execute("SELECT clock_timestamp()")[0].timestamp(0) }
    }
}

extension PayloadKind {
    /// The table whose rows name the payloads.
    fileprivate var rows: String {
        switch self {
        case .clips: "clip"
        case .content: "content"
        }
    }
}
