internal import Ledger
internal import Logging
internal import Messaging

/// The desk of alarms of the broker that leads, on a thread and a connection of its own: neither clips nor leases wait
/// for it. While the database is away it waits, and remembers which clips have ended meanwhile.
final class BrokerAlarms: Sendable {
    private enum Note: Sendable {
        case ended([Int64])
        case stop
    }

    private static let period = Duration.seconds(1)
    /// Ended clips remembered while the database is away; what is beyond is found again when a shift begins.
    private static let patience = 100_000

    private let mailbox: Mailbox<Note>
    private let thread: NodeThread

    /// - Parameter makeLedger: makes the connection, on the thread that will use it.
    init(epoch: UInt32, makeLedger: @escaping @Sendable () throws -> any AlarmLedger, logger: Logger) throws {
        let mailbox = try Mailbox<Note>()
        self.mailbox = mailbox
        (thread, _) = try NodeThread.start("broker-alarms") {
            ((), { try Self.run(epoch, makeLedger, mailbox, logger) })
        }
    }

    /// These jobs have a result or a dead letter now. Any thread may say so.
    func hasEnded(_ jobs: [Int64]) { mailbox.post(.ended(jobs)) }

    /// Ends the thread, once what it does now is done.
    func stop() throws {
        mailbox.post(.stop)
        try thread.join()
    }

    private static func run(
        _ epoch: UInt32, _ makeLedger: () throws -> any AlarmLedger, _ mailbox: Mailbox<Note>, _ logger: Logger
    ) throws {
        var shift: AlarmShift?
        var ended: [Int64] = []
        var complaint: String?
        var poller = Poller()
        _ = poller.add(mailbox)
        while true {
            for note in mailbox.drain() {
                switch note {
                case .ended(let jobs): ended += jobs.prefix(max(0, patience - ended.count))
                case .stop: return
                }
            }
            do {
                var present = try shift ?? AlarmShift(makeLedger(), epoch: epoch)
                try present.work(ended: ended)
                (shift, ended, complaint) = (present, [], nil)
            } catch {
                shift = nil
                let news = "\(error)"
                if news != complaint { logger.info("alarms wait: \(news)") }
                complaint = news
            }
            try poller.wait(period)
        }
    }
}
