internal import Plant
internal import PostgreSQL

extension PostgreSQLLedger {
    /// Streams rows in constant memory: what is written is one moment of the database, however long it takes.
    ///
    /// - Parameter write: gets one row, or what stands before the first, as bytes of the file.
    /// - Returns: how many rows.
    /// - Throws: `.notFound` for a machine or site that nothing is known of, `.refused` for a time that is none.
    package func export(_ request: ExportRequest, write: (UnsafeRawBufferPointer) throws -> Void) throws -> Int64 {
        try perform { connection in
            try connection.transaction(begin: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") {
                for setting in Self.exportSettings { try connection.execute("SET LOCAL \(setting)") }
                try check(request, connection)
                let condition = try Self.condition(request, connection)
                if request.format == .npy {
                    return try exportRecords(request, condition, connection, write: write)
                }
                var rows: Int64 = request.format == .csv ? -1 : 0
                try connection.copy(Self.statement(request, condition)) { row in
                    rows += 1
                    try write(row)
                }
                return max(0, rows)
            }
        }
    }

    /// The file does not depend on what the server or the login have set.
    private static let exportSettings = [
        "TIME ZONE 'UTC'", "datestyle = 'ISO'", "extra_float_digits = 1", "statement_timeout = 0",
        "standard_conforming_strings = on",
    ]

    private static func statement(_ request: ExportRequest, _ condition: String) -> String {
        let rows = "SELECT * FROM auscult.\(request.subject.rawValue) AS r WHERE \(condition)"
        switch request.format {
        case .csv: return "COPY (\(rows)) TO STDOUT WITH (FORMAT csv, HEADER)"
        // Neither sign can be in a JSON text, so nothing is quoted.
        case .ndjson:
            return """
                COPY (SELECT row_to_json(r) FROM (\(rows)) AS r) TO STDOUT
                WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')
                """
        case .npy:
            let columns = request.subject.numbers.map(\.sql).joined(separator: ", ")
            return """
                COPY (SELECT \(columns) FROM auscult.\(request.subject.rawValue) WHERE \(condition)) TO STDOUT
                WITH (FORMAT binary)
                """
        }
    }

    private func exportRecords(
        _ request: ExportRequest, _ condition: String, _ connection: Connection,
        write: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int64 {
        let rows = try connection.execute("SELECT count(*) FROM auscult.\(request.subject.rawValue) WHERE \(condition)")
        let count = try rows[0].int64(0)
        var writer = NumPyRecordWriter(request.subject.numbers)
        try writer.header(rows: count).withUnsafeBytes(write)
        try connection.copy(Self.statement(request, condition)) { row in
            if let record = writer.record(row) { try record.withUnsafeBytes(write) }
        }
        return count
    }

    private static func condition(_ request: ExportRequest, _ connection: Connection) throws -> String {
        var parts: [String] = []
        if let machine = request.machine {
            try parts.append("machine_type = \(connection.literal(machine.type))")
            try parts.append("machine_id = \(connection.literal(machine.id))")
        }
        if let site = request.site { try parts.append("site = \(connection.literal(site))") }
        if let since = request.since { try parts.append("\(request.subject.time) >= \(connection.literal(since))") }
        if let until = request.until { try parts.append("\(request.subject.time) < \(connection.literal(until))") }
        return parts.isEmpty ? "true" : parts.joined(separator: " AND ")
    }

    private func check(_ request: ExportRequest, _ connection: Connection) throws {
        if let since = request.since, let until = request.until {
            let order = try connection.execute(
                "SELECT $1::text::timestamptz < $2::text::timestamptz", [.text(since), .text(until)])
            guard try order[0].bool(0) else {
                throw LedgerError(.refused, "--since \(since) is not before --until \(until)")
            }
        }
        let view = request.subject.rawValue
        if let machine = request.machine {
            let isKnown = try !connection.execute(
                "SELECT FROM auscult.\(view) WHERE machine_type = $1 AND machine_id = $2 LIMIT 1",
                [.text(machine.type), .text(machine.id)]
            ).isEmpty
            guard isKnown else { throw LedgerError.unknown(machine: machine, in: view) }
        }
        if let site = request.site {
            if request.subject == .evaluations {
                throw LedgerError(.refused, "evaluations belong to no site: leave --site out")
            }
            let isKnown = try !connection.execute(
                "SELECT FROM auscult.\(view) WHERE site = $1 LIMIT 1", [.text(site)]
            ).isEmpty
            guard isKnown else { throw LedgerError.unknown(site: site, in: view) }
        }
    }
}

extension LedgerError {
    fileprivate static func unknown(machine: MachineName, in view: String) -> LedgerError {
        LedgerError(
            .notFound,
            "there are no \(view) of the machine \(machine), or you may not see them; "
                + "'SELECT DISTINCT machine_type, machine_id FROM machine_days' shows those there are")
    }

    fileprivate static func unknown(site: String, in view: String) -> LedgerError {
        LedgerError(
            .notFound,
            "there are no \(view) of the site \(site), or you may not see them; "
                + "'SELECT DISTINCT site FROM machine_days' shows those there are")
    }
}
