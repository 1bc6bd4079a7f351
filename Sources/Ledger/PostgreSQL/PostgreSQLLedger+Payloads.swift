internal import PostgreSQL

extension PostgreSQLLedger: PayloadLedger {
    package func store(_ payloads: [StoredPayload], as kind: PayloadKind) throws -> [Int64] {
        guard !payloads.isEmpty else { return [] }
        return try transaction { connection in
            try connection.execute(
                """
                INSERT INTO auscult.\(kind.table) (checksum, bytes)
                SELECT checksum, bytes FROM unnest($1, $2) WITH ORDINALITY AS payload (checksum, bytes, place)
                ORDER BY place RETURNING number
                """, [.int64s(payloads.map { Int64($0.checksum) }), .byteStrings(payloads.map(\.bytes))]
            ).map { try $0.int64(0) }
        }
    }

    package func payload(_ number: Int64, of kind: PayloadKind) throws -> StoredPayload? {
        try perform { connection in
            try connection.execute(
                "SELECT checksum, bytes FROM auscult.\(kind.table) WHERE number = $1", [.int64(number)]
            ).first.map {
                StoredPayload(bytes: try $0.bytes(1), checksum: UInt32(truncatingIfNeeded: try $0.int64(0)))
            }
        }
    }

    package func payloads(storedBefore seconds: Int64, of kind: PayloadKind, limit: Int) throws -> [Int64] {
        try perform { connection in
            try connection.execute(
                """
                SELECT number FROM auscult.\(kind.table)
                WHERE stored_at <= clock_timestamp() - make_interval(secs => $1) ORDER BY number LIMIT $2
                """, [.double(Double(seconds)), .int(limit)]
            ).map { try $0.int64(0) }
        }
    }

    package func dropPayloads(_ numbers: [Int64], of kind: PayloadKind) throws {
        try perform { connection in
            _ = try connection.execute(
                "DELETE FROM auscult.\(kind.table) WHERE number = ANY ($1)", [.int64s(numbers)])
        }
    }
}

extension PayloadKind {
    fileprivate var table: String {
        switch self {
        case .clips: "clip_payload"
        case .content: "content_payload"
        }
    }
}
