internal import Ledger
internal import Logging
internal import Messaging

/// What time does to clips, while this broker leads: a new day to file them under, no more thought of those that have
/// ended, the sums of hours and days, an end to days that are over, and to bytes that nobody needs any more.
///
/// On a thread and a connection of its own, for the questions may take long. While the database is away it waits.
final class BrokerJanitor: Sendable {
    private static let period = Duration.seconds(15)
    /// How often days and bytes are looked at, in periods.
    private static let retentionPeriods = 4
    /// Segments asked about at once.
    private static let group = 1_024
    /// For so long bytes may be durable before their row is: far longer than a broker waits for the database.
    static let restSeconds: Int64 = 3_600

    private let stopping: WakeSignal
    private let thread: NodeThread

    /// - Parameter makeLedger: makes the connection, on the thread that will use it.
    init(
        epoch: UInt32, disk: BrokerDisk, makeLedger: @escaping @Sendable () throws -> any BrokerLedger, logger: Logger
    ) throws {
        let stopping = try WakeSignal()
        (thread, _) = try NodeThread.start("broker-janitor") {
            ((), { try Self.run(epoch, disk, makeLedger, until: stopping, logger) })
        }
        self.stopping = stopping
    }

    /// Ends the thread, once what it does now is done.
    func stop() throws {
        stopping.raise()
        try thread.join()
    }

    private static func run(
        _ epoch: UInt32, _ disk: BrokerDisk, _ makeLedger: () throws -> any BrokerLedger, until stopping: WakeSignal,
        _ logger: Logger
    ) throws {
        var ledger: (any BrokerLedger)?
        var calendar = CalendarWatch()
        var turn = 0
        var poller = Poller()
        let stop = poller.add(stopping)
        repeat {
            do {
                let present = try ledger ?? makeLedger()
                ledger = present
                try present.settle(epoch: epoch, at: nil)
                let isTrusted = calendar.isTrusted(try present.calendar(), now: SteadyClock.microseconds)
                if turn % retentionPeriods == 0, isTrusted { try tidy(disk, present, logger) }
            } catch {
                logger.info("the queue's upkeep waits a little: \(error)")
            }
            turn += 1
            try poller.wait(period)
        } while !poller.isReadable(stop)
    }

    private static func tidy(_ disk: BrokerDisk, _ ledger: any BrokerLedger, _ logger: Logger) throws {
        try ledger.rollUp()
        guard try ledger.retentionPolicy() != RetentionPolicy() else { return }
        let days = try ledger.dropOldDays(at: nil)
        if days > 0 { logger.info("\(days) days of scored clips were dropped: their time is over") }
        var candidates = try disk.segments(untouchedForSeconds: restSeconds)[...]
        while !candidates.isEmpty {
            let unneeded = try ledger.unneededSegments(among: Array(candidates.prefix(group)), at: nil)
            candidates = candidates.dropFirst(group)
            guard !unneeded.isEmpty else { continue }
            try disk.remove(unneeded)
            logger.info("\(unneeded.count) segments of scored clips are removed: their time is over")
        }
    }
}
