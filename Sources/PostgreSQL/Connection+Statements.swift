internal import CPostgreSQL

extension Connection {
    /// A statement as the server has parsed it: the same text with other types is another statement.
    struct Statement: Hashable {
        let sql: String
        let types: [UInt32]
    }

    /// Runs one statement with its parameters and returns its rows.
    ///
    /// The server parses each SQL text once per connection, so texts should come from the program and all that varies
    /// should come as parameters. Values travel in binary form both ways.
    ///
    /// - Throws: `.unreachable` when the connection broke: whether the statement took effect is then unknown.
    @discardableResult
    package func execute(_ sql: String, _ parameters: [Parameter] = []) throws(PostgreSQLError) -> Rows {
        let name = try prepare(Statement(sql: sql, types: parameters.map(\.type)))
        let buffer = ParameterBuffer(parameters)
        let formats = [Int32](repeating: 1, count: parameters.count)
        let result = buffer.bytes.withUnsafeBytes { bytes in
            let values = buffer.offsets.map { offset in
                offset.flatMap { bytes.baseAddress?.advanced(by: $0).assumingMemoryBound(to: CChar.self) }
            }
            return PQexecPrepared(handle, name, Int32(parameters.count), values, buffer.lengths, formats, 1)
        }
        return try rows(result)
    }

    /// Runs a text of several statements, such as a migration, in one transaction unless it has its own.
    package func executeScript(_ sql: String) throws(PostgreSQLError) {
        _ = try rows(PQexec(handle, sql))
        // The script may have changed what our statements mean.
        _ = try rows(PQexec(handle, "DEALLOCATE ALL"))
        prepared.removeAll()
    }

    /// Runs one command of the program's, without parameters, and leaves nothing behind: unlike `execute`, not even what it saw
    /// until the end of its transaction.
    package func command(_ sql: String) throws(PostgreSQLError) { _ = try rows(PQexec(handle, sql)) }

    /// Runs `body` in a transaction: all of it is committed, or none when it throws.
    ///
    /// Each statement sees what was committed before it, whatever the role's settings say.
    ///
    /// - Parameter begin: how it begins; `REPEATABLE READ READ ONLY` sees one moment of the database.
    @discardableResult
    package func transaction<Result>(
        begin: String = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", _ body: () throws -> Result
    ) throws -> Result {
        try execute(begin)
        do {
            let result = try body()
            let command = try execute("COMMIT").command
            guard command == "COMMIT" else {
                throw PostgreSQLError(.refused, sqlState: "25P02", "the transaction had failed and was undone")
            }
            return result
        } catch {
            // A connection that cannot even undo is broken, and the server has undone for it.
            if isAlive, PQtransactionStatus(handle) != PQTRANS_IDLE { _ = try? execute("ROLLBACK") }
            throw error
        }
    }

    private func prepare(_ statement: Statement) throws(PostgreSQLError) -> String {
        if let name = prepared[statement] { return name }
        let name = "s\(prepared.count)"
        _ = try rows(PQprepare(handle, name, statement.sql, Int32(statement.types.count), statement.types))
        prepared[statement] = name
        return name
    }

    func rows(_ result: OpaquePointer?) throws(PostgreSQLError) -> Rows {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            guard let result else { preconditionFailure("a result with a good status exists") }
            return Rows(owning: result)
        default:
            defer { PQclear(result) }
            throw PostgreSQLError(result: result, connection: handle, place: place)
        }
    }
}
