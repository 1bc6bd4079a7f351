internal import CPostgreSQL

extension Connection {
    /// A text as SQL writes it, quotes and all, for statements that take no parameters, such as COPY.
    package func literal(_ text: String) throws(PostgreSQLError) -> String {
        let escaped = text.withCString { PQescapeLiteral(handle, $0, text.utf8.count) }
        guard let escaped else {
            throw PostgreSQLError(.refused, "this text cannot be part of a statement: \(text.debugDescription)")
        }
        defer { PQfreemem(escaped) }
        return String(cString: escaped)
    }

    /// Runs `COPY ... TO STDOUT` and hands on each row as it comes, valid during the call, in constant memory.
    ///
    /// When `row` throws, the statement is cancelled and the connection stays usable.
    package func copy(_ sql: String, row: (UnsafeRawBufferPointer) throws -> Void) throws {
        try beginCopy(sql, PGRES_COPY_OUT)
        var buffer: UnsafeMutablePointer<CChar>?
        var failure: (any Error)?
        while true {
            let length = PQgetCopyData(handle, &buffer, 0)
            guard length > 0, let bytes = buffer else { break }
            defer { PQfreemem(bytes) }
            guard failure == nil else { continue }
            do {
                try row(UnsafeRawBufferPointer(start: bytes, count: Int(length)))
            } catch {
                failure = error
                cancel()
            }
        }
        do {
            try endCopy()
        } catch {
            throw failure ?? error
        }
        if let failure { throw failure }
    }

    /// Runs `COPY ... FROM STDIN`; `next` gives some bytes of the rows, and nil in the end.
    package func copy(_ sql: String, from next: () throws -> [UInt8]?) throws {
        try beginCopy(sql, PGRES_COPY_IN)
        do {
            while let bytes = try next() {
                let sent = bytes.withUnsafeBytes { bytes in
                    PQputCopyData(
                        handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: bytes.count))
                }
                guard sent == 1 else { break }
            }
            _ = PQputCopyEnd(handle, nil)
        } catch {
            _ = PQputCopyEnd(handle, "given up")
            _ = try? endCopy()
            throw error
        }
        try endCopy()
    }

    private func beginCopy(_ sql: String, _ wanted: ExecStatusType) throws(PostgreSQLError) {
        let result = PQexec(handle, sql)
        defer { PQclear(result) }
        guard PQresultStatus(result) == wanted else {
            throw PostgreSQLError(result: result, connection: handle, place: place)
        }
    }

    /// Takes all results, as libpq wants it, and throws what the first of them says.
    private func endCopy() throws(PostgreSQLError) {
        var failure: PostgreSQLError?
        while let result = PQgetResult(handle) {
            if PQresultStatus(result) != PGRES_COMMAND_OK, failure == nil {
                failure = PostgreSQLError(result: result, connection: handle, place: place)
            }
            PQclear(result)
        }
        if let failure { throw failure }
    }

    private func cancel() {
        guard let request = PQgetCancel(handle) else { return }
        defer { PQfreeCancel(request) }
        var reason = [CChar](repeating: 0, count: 256)
        _ = PQcancel(request, &reason, Int32(reason.count))
    }
}
