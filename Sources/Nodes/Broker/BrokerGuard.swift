internal import Ledger
internal import Logging
internal import Messaging

/// Ends sessions of analysts and operators that go too far, while this broker leads.
///
/// On a thread and a connection of its own, which it keeps open: when others have taken all there are, it is still there.
final class BrokerGuard: Sendable {
    private static let period = Duration.seconds(1)

    private let stopping: WakeSignal
    private let thread: NodeThread

    /// - Parameter makeLedger: makes the connection, on the thread that will use it.
    init(makeLedger: @escaping @Sendable () throws -> any BrokerLedger, logger: Logger) throws {
        let stopping = try WakeSignal()
        (thread, _) = try NodeThread.start("broker-guard") {
            ((), { try Self.run(makeLedger, until: stopping, logger) })
        }
        self.stopping = stopping
    }

    func stop() throws {
        stopping.raise()
        try thread.join()
    }

    private static func run(
        _ makeLedger: () throws -> any BrokerLedger, until stopping: WakeSignal, _ logger: Logger
    ) throws {
        var ledger: (any BrokerLedger)?
        var watch = SessionWatch()
        var poller = Poller()
        let stop = poller.add(stopping)
        repeat {
            do {
                let present = try ledger ?? makeLedger()
                ledger = present
                let offenders = watch.offenders(try present.lesserSessions(), now: SteadyClock.microseconds)
                try present.end(sessions: offenders.map(\.session.process))
                for (session, offence) in offenders {
                    logger.warning(
                        "a session of \(session.login) was ended: \(offence.rawValue)",
                        metadata: ["process": "\(session.process)"])
                }
            } catch {
                logger.debug("nobody looks after the database's sessions: \(error)")
            }
            try poller.wait(period)
        } while !poller.isReadable(stop)
    }
}
