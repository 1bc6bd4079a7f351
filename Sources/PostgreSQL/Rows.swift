internal import CPostgreSQL

// libpq: "a PGresult is normally read-only after creation, and so can be passed around freely between threads."
// Ours stay on the thread of their connection all the same: neither class is Sendable.

/// The rows that a statement returned.
package final class Rows: RandomAccessCollection {
    private let handle: OpaquePointer

    /// Takes the result over and frees it at the end.
    init(owning handle: OpaquePointer) {
        self.handle = handle
    }

    deinit { PQclear(handle) }

    package var startIndex: Int { 0 }
    package var endIndex: Int { Int(PQntuples(handle)) }
    package subscript(position: Int) -> Row { Row(rows: self, index: Int32(position)) }

    /// Rows that an INSERT, UPDATE or DELETE touched, or that a SELECT returned.
    package var affected: Int { Int(String(cString: PQcmdTuples(handle))) ?? 0 }

    /// What the server says it did, such as `COMMIT`.
    var command: String { String(cString: PQcmdStatus(handle)) }

    /// The first value of an answer that came as text; nil where there is none.
    var firstText: String? {
        guard PQntuples(handle) > 0, let value = PQgetvalue(handle, 0, 0) else { return nil }
        return String(cString: value)
    }

    /// Names of the columns, in order.
    package var columns: [String] {
        (0..<PQnfields(handle)).map { column in PQfname(handle, column).map { String(cString: $0) } ?? "" }
    }

    /// The bytes of a value during `body`, nil for NULL.
    func withValue<Result>(
        _ row: Int32, _ column: Int, of types: Set<UInt32>, as wanted: String,
        _ body: (UnsafeRawBufferPointer, _ type: UInt32) -> Result
    ) throws(PostgreSQLError) -> Result? {
        precondition(
            (0..<Int(PQnfields(handle))).contains(column), "column \(column) of a row of \(PQnfields(handle))")
        let column = Int32(column)
        let type = PQftype(handle, column)
        guard types.contains(type) else {
            let name = PQfname(handle, column).map { String(cString: $0) } ?? "\(column)"
            throw PostgreSQLError(
                .unexpectedValue,
                "column \(name) was read as \(wanted) but has the type numbered \(type); cast it in the statement")
        }
        guard PQgetisnull(handle, row, column) == 0 else { return nil }
        let length = Int(PQgetlength(handle, row, column))
        return body(UnsafeRawBufferPointer(start: PQgetvalue(handle, row, column), count: length), type)
    }

    func missing(_ column: Int) -> PostgreSQLError {
        let name = PQfname(handle, Int32(column)).map { String(cString: $0) } ?? "\(column)"
        return PostgreSQLError(.unexpectedValue, "column \(name) is NULL where a value was expected")
    }
}
