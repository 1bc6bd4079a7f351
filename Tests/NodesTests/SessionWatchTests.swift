import Ledger
import Nodes
import Testing

@Suite struct SessionWatchTests {
    private let second: Int64 = 1_000_000

    private func session(
        _ process: Int64, login: String = "ana", transaction: String? = nil, statement: String = "s",
        isIdle: Bool = true, locks: Int = 0, blocksUs: Bool = false
    ) -> LesserSession {
        LesserSession(
            process: process, login: login, session: "2026-01-01 00:00:0\(process)", transaction: transaction,
            statement: statement, isIdle: isIdle, locks: locks, blocksUs: blocksUs)
    }

    @Test func whoeverBehavesStays() {
        var watch = SessionWatch()
        for minute in Int64(0)..<120 {
            // One asks every minute, each time in a transaction of its own; one keeps a connection and asks nothing.
            let busy = session(1, transaction: "\(minute)", statement: "\(minute)", isIdle: false, locks: 900)
            let offenders = watch.offenders([busy, session(2)], now: minute * 60 * second)
            #expect(offenders.isEmpty)
        }
    }

    @Test func whoeverStandsInTheWayGoesAtOnce() {
        var watch = SessionWatch()
        let offenders = watch.offenders([session(1, blocksUs: true), session(2, locks: 9_000), session(3)], now: 0)
        #expect(offenders.map(\.session.process) == [1, 2])
        #expect(offenders.map(\.1) == [.blocks, .locks])
    }

    @Test func theNewestBeyondTheNumberGo() {
        var limits = SessionWatch.Limits()
        (limits.sessionsOfLogin, limits.sessions) = (2, 3)
        var watch = SessionWatch(limits: limits)
        let sessions = [
            session(5, login: "b"), session(1), session(2), session(3), session(4, login: "b"), session(6, login: "c"),
        ]
        let offenders = watch.offenders(sessions, now: 0)
        #expect(offenders.map(\.session.process).sorted() == [3, 5, 6])
    }

    @Test func timeIsTheSteadyClocks() {
        var watch = SessionWatch()
        let idle = session(1, transaction: "t", statement: "a")
        let busy = session(2, transaction: "t", statement: "b", isIdle: false)
        var long = session(3, transaction: "t", statement: "c")
        var ended: [[Int64]] = []
        for minute in [0, 9, 11, 16, 59, 61] as [Int64] {
            long.statement = "\(minute)"
            ended.append(watch.offenders([idle, busy, long], now: minute * 60 * second).map(\.session.process))
        }
        #expect(ended == [[], [], [1], [1, 2], [1, 2], [1, 2, 3]])
    }
}
