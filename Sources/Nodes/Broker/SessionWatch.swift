package import Ledger

/// Which sessions of analysts and operators go too far, by the steady clock: limits that they cannot lift, unlike the time-outs
/// of their roles.
package struct SessionWatch {
    package struct Limits: Sendable {
        /// Locks that one session holds at once; the server has room for some ten thousand in all.
        package var locks = 4_000
        /// Sessions of one login, and of all of them together.
        package var sessionsOfLogin = 20
        package var sessions = 50
        /// How long a transaction may wait for its next statement, and a statement run, seconds.
        package var idleSeconds: Int64 = 600
        package var statementSeconds: Int64 = 900
        /// How long a transaction may last, seconds.
        package var transactionSeconds: Int64 = 3_600

        package init() {}
    }

    package enum Offence: String, Sendable {
        case blocks = "it held what the broker needed"
        case locks = "it held more locks than a session may"
        case sessions = "there were more sessions than there may be"
        case idle = "its transaction stood idle for too long"
        case statement = "its statement ran for too long"
        case transaction = "its transaction lasted too long"
    }

    /// Something of a session that lasts.
    private struct Lasting: Hashable {
        let process: Int64
        let beginning: String
    }

    private let limits: Limits
    private var transactions: [Lasting: Int64] = [:]
    private var statements: [Lasting: Int64] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Takes note of all there are; returns those to end, and why.
    ///
    /// - Parameter now: of the steady clock, microseconds.
    package mutating func offenders(_ sessions: [LesserSession], now: Int64) -> [(session: LesserSession, Offence)] {
        transactions = Self.since(transactions, now) { sessions.compactMap { s in s.transaction.map { (s, $0) } } }
        statements = Self.since(statements, now) { sessions.map { ($0, $0.statement) } }
        let excess = excess(of: sessions)
        return sessions.compactMap { session in
            offence(of: session, isExcess: excess.contains(session.process), now: now).map { (session, $0) }
        }
    }

    private func offence(of session: LesserSession, isExcess: Bool, now: Int64) -> Offence? {
        if session.blocksUs { return .blocks }
        if session.locks > limits.locks { return .locks }
        if isExcess { return .sessions }
        guard let transaction = session.transaction else { return nil }
        let inTransaction = now - transactions[Lasting(process: session.process, beginning: transaction), default: now]
        let inState = now - statements[Lasting(process: session.process, beginning: session.statement), default: now]
        if session.isIdle, inState > limits.idleSeconds * 1_000_000 { return .idle }
        if !session.isIdle, inState > limits.statementSeconds * 1_000_000 { return .statement }
        return inTransaction > limits.transactionSeconds * 1_000_000 ? .transaction : nil
    }

    /// The newest beyond what a login, and beyond what all may have.
    private func excess(of sessions: [LesserSession]) -> Set<Int64> {
        var counts: [String: Int] = [:]
        var total = 0
        var excess: Set<Int64> = []
        for session in sessions.sorted(by: { ($0.session, $0.process) < ($1.session, $1.process) }) {
            guard total < limits.sessions, counts[session.login, default: 0] < limits.sessionsOfLogin else {
                excess.insert(session.process)
                continue
            }
            total += 1
            counts[session.login, default: 0] += 1
        }
        return excess
    }

    private static func since(
        _ known: [Lasting: Int64], _ now: Int64, _ present: () -> [(session: LesserSession, beginning: String)]
    ) -> [Lasting: Int64] {
        let lasting = present().map { Lasting(process: $0.session.process, beginning: $0.beginning) }
        return Dictionary(lasting.map { ($0, known[$0] ?? now) }, uniquingKeysWith: min)
    }
}
