internal import CPostgreSQL

/// Why the database did not do what it was asked.
package struct PostgreSQLError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// Nobody answers, the connection broke, or the server takes no work now, for whatever reason that does not lie in
        /// what it was asked: the same may go through later. Whether the last statement took effect is unknown.
        case unreachable
        /// A value does not fit into its column: the same will never go through.
        case invalid
        /// The server answered and refused the statement, which says more about program and schema than about the values.
        case refused
        /// The server answered and did not let us in: user, password or database is wrong.
        case denied
        /// A column holds another type than was asked for, or NULL.
        case unexpectedValue
        /// The text is not a connection URL.
        case badURL
        /// Between us and the server stands a pooler that gives each transaction another connection.
        case pooled
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
    /// Somebody else has created the same at the same moment.
    package static let duplicateStates: Set = ["23505", "42710", "42P06", "42P07"]

    package var isUnreachable: Bool { code == .unreachable }
}

extension PostgreSQLError {
    /// What a state says about the same statement a little later.
    ///
    /// Only a closed list blames what was asked: class 22 and CHECK constraints of a name blame the values; syntax,
    /// privileges, keys and what functions raise blame the statement. Everything else, also what nobody has thought of, is
    /// trouble of the server's that passes: time-outs, locks, deadlocks, cancelling, standbys, no room, internal errors.
    ///
    /// - Parameter constraint: that a row violates; a row for which there is no partition violates none that has a name
    ///
    /// Source: PostgreSQL's documentation, appendix A.
    package static func code(ofState state: String?, constraint: String?) -> Code {
        guard let state, state.utf8.count == 5 else { return .unreachable }
        if state.hasPrefix("22") { return .invalid }
        if state == "23514" { return constraint == nil ? .unreachable : .invalid }
        return refusedClasses.contains { state.hasPrefix($0) } ? .refused : .unreachable
    }

    /// Features, cardinality, keys, functions and what they raise, names, privileges, syntax; `AU` is ours.
    private static let refusedClasses = [
        "0A", "0L", "0P", "21", "23", "2B", "2F", "28", "38", "39", "3D", "3F", "42", "AU", "P0",
    ]

    /// States in which a server does not let us in, rather than anybody: user or password, database, privilege.
    static func isDenial(_ state: String) -> Bool { state.hasPrefix("28") || ["3D000", "42501"].contains(state) }

    /// What the server said about a statement.
    init(result: OpaquePointer?, connection: OpaquePointer, place: String) {
        let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
        let message =
            PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) }
            ?? Self.sentence(of: PQerrorMessage(connection))
        let detail = PQresultErrorField(result, Int32(UInt8(ascii: "D"))).map { " (\(String(cString: $0)))" } ?? ""
        guard PQstatus(connection) == CONNECTION_OK else {
            self.init(.unreachable, sqlState: state, "the database at \(place) went away: \(message)")
            return
        }
        let constraint = PQresultErrorField(result, Int32(UInt8(ascii: "n"))).map { String(cString: $0) }
        switch Self.code(ofState: state, constraint: constraint) {
        case .unreachable:
            self.init(.unreachable, sqlState: state, "the database at \(place) takes no work now: \(message)")
        case .invalid: self.init(.invalid, sqlState: state, "the database cannot store a value: \(message)\(detail)")
        default: self.init(.refused, sqlState: state, "the database refused a statement: \(message)\(detail)")
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
