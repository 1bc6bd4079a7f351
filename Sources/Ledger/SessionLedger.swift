/// Who else is at work in the database: analysts and operators, whose roles can do less than ours and must not stop us.
package protocol SessionLedger: Sendable {
    func lesserSessions() throws -> [LesserSession]

    /// Ends sessions, by the numbers of their processes; those that are gone are no matter.
    func end(sessions: [Int64]) throws
}

/// A session of an analyst or an operator.
///
/// The texts tell two moments apart and mean nothing else: they come from the server's calendar, which may be set.
package struct LesserSession: Hashable, Sendable {
    package var process: Int64
    package var login: String
    /// Of the session's beginning.
    package var session: String
    /// Of the transaction's beginning; nil outside of one.
    package var transaction: String?
    /// Of the last change of state: a statement that began or ended.
    package var statement: String
    /// It is not at a statement now.
    package var isIdle: Bool
    package var locks: Int
    /// One of our sessions waits for it.
    package var blocksUs: Bool

    package init(
        process: Int64, login: String, session: String, transaction: String?, statement: String, isIdle: Bool,
        locks: Int, blocksUs: Bool
    ) {
        (self.process, self.login, self.session) = (process, login, session)
        (self.transaction, self.statement, self.isIdle) = (transaction, statement, isIdle)
        (self.locks, self.blocksUs) = (locks, blocksUs)
    }
}
