/// Why the ledger could not do what it was asked.
package struct LedgerError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// The database cannot be reached now; the same call may go through later.
        case unreachable
        /// Another broker or coordinator has taken over: stop.
        case fenced
        /// The schema in the database is older or newer than this program's.
        case schema
        /// What was asked for does not exist.
        case notFound
        /// The database refused the statement.
        case refused
    }

    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
