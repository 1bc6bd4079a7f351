internal import CPostgreSQL

/// Why the database did not do what it was asked.
package struct PostgreSQLError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// Nobody answers, or the connection broke; whether the last statement took effect is unknown.
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
    /// States in which the server exists but takes no work: shutting down, starting up, out of connections.
    private static let unreachableStates: Set<String> = ["57P01", "57P02", "57P03", "53300"]

    /// What the server said about a statement.
    init(result: OpaquePointer?, connection: OpaquePointer, place: String) {
        let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
        let message =
            PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) }
            ?? Self.sentence(of: PQerrorMessage(connection))
        let detail = PQresultErrorField(result, Int32(UInt8(ascii: "D"))).map { " (\(String(cString: $0)))" } ?? ""
        let isGone =
            PQstatus(connection) != CONNECTION_OK
            || state.map { Self.unreachableStates.contains($0) || $0.hasPrefix("08") } ?? false
        if isGone {
            self.init(.unreachable, sqlState: state, "the database at \(place) went away: \(message)")
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
