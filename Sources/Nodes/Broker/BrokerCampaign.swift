internal import Ledger
internal import Logging
internal import Messaging

/// A broker's way to leadership, on a thread of its own: it tries for the lock, raises the epoch, opens the stores and
/// hands all of it to the broker's thread; it keeps the lock while that term lasts and begins anew when it has ended.
final class BrokerCampaign: Sendable {
    /// How a broker stands.
    enum Standing: Sendable {
        case elected(BrokerLanes)
        /// It does not lead, and why.
        case standby(reason: String)
        /// It cannot go on.
        case failed(any Error)
    }

    private enum Command: Sendable {
        /// The present term has ended.
        case ended
        case stop
    }

    /// How often a standby tries for the lock.
    private static let tryPause = Duration.milliseconds(200)
    /// How often a leader makes sure of it.
    private static let keepPause = Duration.milliseconds(500)
    /// After the database was away, standbys wait for so long: the leader, whose lock was lost, tries first.
    private static let courtesy = Duration.seconds(1)

    private let commands: Mailbox<Command>
    private let thread: NodeThread

    /// Starts the thread, which tries once before this returns; later it tells every change.
    ///
    /// - Throws: what makes it useless to try again; a database that cannot be reached now does not.
    static func start(
        _ configuration: BrokerNode.Configuration, lock: any LeaderLock,
        ledger: @escaping @Sendable () throws -> any BrokerLedger,
        alarms: (@Sendable () throws -> any AlarmLedger)?, logger: Logger,
        told: @escaping @Sendable (Standing) -> Void
    ) throws -> (BrokerCampaign, first: Standing?) {
        let commands = try Mailbox<Command>()
        let (thread, first) = try NodeThread.start("broker-lead") { () -> (Standing?, NodeThread.Loop) in
            let candidate = Candidate(lock: lock, logger: logger) {
                try BrokerLanes(configuration, makeLedger: ledger, makeAlarmLedger: alarms, logger: logger)
            }
            return (try candidate.stand(), { try serve(candidate, commands, told) })
        }
        return (BrokerCampaign(commands, thread), first)
    }

    private init(_ commands: Mailbox<Command>, _ thread: NodeThread) {
        (self.commands, self.thread) = (commands, thread)
    }

    /// The present term has ended: its lanes are stopped, the lock is given back, and the campaign begins anew.
    func termEnded() { commands.post(.ended) }

    /// Ends the present term's lanes, if there is one, and the thread. The broker's thread must have ended before.
    func stop() throws {
        commands.post(.stop)
        try thread.join()
    }

    private static func serve(
        _ candidate: Candidate, _ commands: Mailbox<Command>, _ told: @Sendable (Standing) -> Void
    ) throws {
        var poller = Poller()
        poller.add(commands)
        while true {
            try poller.wait(candidate.pause)
            let commands = commands.drain()
            for command in commands {
                try candidate.conclude()
                if case .stop = command { return }
            }
            guard commands.isEmpty else { continue }
            do {
                if let news = try candidate.stand() { told(news) }
            } catch {
                told(.failed(error))
            }
        }
    }

    /// What the campaign's thread knows.
    private final class Candidate {
        private let lock: any LeaderLock
        private let logger: Logger
        private let makeLanes: () throws -> BrokerLanes
        /// Of the present term; nil while another broker leads.
        private var lanes: BrokerLanes?
        private var reason = ""
        private(set) var pause = BrokerCampaign.tryPause

        init(lock: any LeaderLock, logger: Logger, makeLanes: @escaping () throws -> BrokerLanes) {
            (self.lock, self.logger, self.makeLanes) = (lock, logger, makeLanes)
        }

        /// Keeps the lock, or tries for it; returns what has changed.
        func stand() throws -> Standing? {
            do {
                guard lanes == nil else {
                    // Whether it is still ours does not matter: the epoch decides.
                    _ = try lock.hold()
                    return nil
                }
                pause = BrokerCampaign.tryPause
                guard try lock.hold() else { return follow("another broker leads") }
                let elected = try makeLanes()
                lanes = elected
                pause = BrokerCampaign.keepPause
                reason = ""
                return .elected(elected)
            } catch let error as LedgerError where error.mayPass {
                lock.release()
                guard lanes == nil else { return nil }
                pause = BrokerCampaign.courtesy
                return follow("it waits for the database: \(error.description)")
            }
        }

        func conclude() throws {
            try lanes?.stop()
            lanes = nil
            lock.release()
            // Another broker may be on its way to lead already; and if none is, this one may again.
            pause = BrokerCampaign.courtesy
        }

        private func follow(_ reason: String) -> Standing? {
            guard reason != self.reason else { return nil }
            self.reason = reason
            logger.info("this broker stands by: \(reason)")
            return .standby(reason: reason)
        }
    }
}
