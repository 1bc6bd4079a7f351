internal import CPostgreSQL

/// Why the database did not do what it was asked.
package struct PostgreSQLError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// Nobody answers, the connection broke, or the server takes no work now, as with a full disk; the same may go
        /// through later. Whether the last statement took effect is unknown.
        case unreachable
        /// The server answered and refused; `sqlState` says why where the server told.
        case refused
        /// The server answered and did not let us in: user, password or database is wrong.
        case denied
        /// A column holds another type than was asked for, or NULL.
        case unexpectedValue
        /// The text is not a connection URL.
        case badURL
        /// The server of this host cannot be set up, started or stopped.
        case server
    }

    package let code: Code
    /// The five characters of the SQL standard, such as `23505` for a key that exists already.
    package let sqlState: String?
    package let description: String

    package init(_ code: Code, sqlState: String? = nil, _ description: String) {
        (self.code, self.sqlState, self.description) = (code, sqlState, description)
    }

    /// The SQL state of a lock that was not had in time.
    package static let lockNotAvailable = "55P03"

    package var isUnreachable: Bool { code == .unreachable }
}

extension PostgreSQLError {
    /// How the states begin in which the server exists but takes no work: broken connections, no room on disk, in memory
    /// or for connections, shutting down or starting up, trouble with its files, and transactions that got into each
    /// other's way.
    ///
    /// Source: PostgreSQL's documentation, appendix A.
    private static let unreachableStates = ["08", "53", "57P", "58", "40001", "40P01"]

    /// What the server said about a statement.
    init(result: OpaquePointer?, connection: OpaquePointer, place: String) {
        let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
        let message =
            PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) }
            ?? Self.sentence(of: PQerrorMessage(connection))
        let detail = PQresultErrorField(result, Int32(UInt8(ascii: "D"))).map { " (\(String(cString: $0)))" } ?? ""
        if PQstatus(connection) != CONNECTION_OK {
            self.init(.unreachable, sqlState: state, "the database at \(place) went away: \(message)")
        } else if let state, Self.unreachableStates.contains(where: state.hasPrefix) {
            self.init(.unreachable, sqlState: state, "the database at \(place) takes no work now: \(message)")
        } else {
            self.init(.refused, sqlState: state, "the database refused a statement: \(message)\(detail)")
        }
    }

    /// One line of a message that libpq spreads over several.
    static func sentence(of message: UnsafePointer<CChar>?) -> String {
        guard let message else { return "no reason given" }
        let lines = String(cString: message).split(whereSeparator: \.isNewline)
        let words = lines.map { $0.drop { $0 == " " || $0 == "\t" } }.joined(separator: " ")
        return words.isEmpty ? "no reason given" : words
    }
}
