package import Plant
internal import PostgreSQL

extension PostgreSQLLedger: PrincipalLedger {
    package func principals() throws -> [Principal] {
        try perform { connection in
            try connection.execute(
                """
                SELECT public_key, role, site, name, revoked_at IS NOT NULL FROM auscult.principal
                ORDER BY name COLLATE "C", public_key COLLATE "C"
                """
            ).map { try $0.principal() }
        }
    }

    package func allow(_ principal: Principal) throws {
        try transaction { connection in
            try connection.execute(
                """
                INSERT INTO auscult.principal (public_key, role, site, name) VALUES ($1, $2, $3, $4)
                ON CONFLICT DO NOTHING
                """,
                [
                    .text(principal.publicKey), .text(principal.role.rawValue), .text(principal.site),
                    .text(principal.name),
                ])
            let known = try connection.execute(
                "SELECT public_key, role, site, name, revoked_at IS NOT NULL FROM auscult.principal WHERE public_key = $1",
                [.text(principal.publicKey)])[0].principal()
            if let conflict = known.conflict(with: principal) { throw conflict }
        }
    }

    package func revoke(_ publicKey: String) throws {
        let isKnown = try perform { connection in
            try !connection.execute(
                """
                UPDATE auscult.principal SET revoked_at = coalesce(revoked_at, now()) WHERE public_key = $1
                RETURNING name
                """, [.text(publicKey)]
            ).isEmpty
        }
        guard isKnown else { throw LedgerError.unknown(key: publicKey) }
    }

    package func add(_ refusals: [RefusalCount]) throws {
        guard !refusals.isEmpty else { return }
        try perform { connection in
            _ = try connection.execute(
                """
                INSERT INTO auscult.refusal (code, count) SELECT * FROM unnest($1, $2)
                ON CONFLICT (code) DO UPDATE SET (count, last_at) = (refusal.count + excluded.count, now())
                """, [.ints(refusals.map(\.code)), .int64s(refusals.map(\.count))])
        }
    }
}

extension Row {
    fileprivate func principal() throws -> Principal {
        Principal(
            publicKey: try text(0), role: try value(1, as: Principal.Role.self), site: try optionalText(2),
            name: try text(3), isRevoked: try bool(4))
    }
}
