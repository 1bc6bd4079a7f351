internal import Ledger
internal import Logging
internal import Messaging
internal import Plant

/// Scrubs slowly while this broker leads, pass after pass, so that damage is known before anybody needs the bytes.
///
/// On a thread and a connection of its own. While the database or the disk cannot be asked it waits.
final class BrokerScrub: Sendable {
    /// Before the first pass, between two, and after a failure.
    private static let pause = Duration.seconds(600)

    private let stopping: WakeSignal
    private let thread: NodeThread

    /// - Parameters:
    ///   - bytesPerSecond: how much is read at most.
    ///   - makeLedger: makes the connection, on the thread that will use it.
    init(
        directory: String, bytesPerSecond: Int64, makeLedger: @escaping @Sendable () throws -> any BrokerLedger,
        logger: Logger
    ) throws {
        precondition(bytesPerSecond > 0, "a scrub that reads \(bytesPerSecond) bytes a second")
        let stopping = try WakeSignal()
        (thread, _) = try NodeThread.start("broker-scrub") {
            ((), { try Self.run(directory, bytesPerSecond, makeLedger, until: stopping, logger) })
        }
        self.stopping = stopping
    }

    /// Ends the thread, once what it reads now is read.
    func stop() throws {
        stopping.raise()
        try thread.join()
    }

    private static func run(
        _ directory: String, _ bytesPerSecond: Int64, _ makeLedger: () throws -> any BrokerLedger,
        until stopping: WakeSignal, _ logger: Logger
    ) throws {
        var poller = Poller()
        let stop = poller.add(stopping)
        while true {
            try poller.wait(pause)
            guard !poller.isReadable(stop) else { return }
            do {
                let report = try Scrub(directory: directory, ledger: try makeLedger()).run(
                    found: { logger.error("damaged: \($0.kind.rawValue) \($0.subject): \($0.reason)") },
                    pause: { byteCount in
                        try poller.wait(.microseconds(byteCount * 1_000_000 / bytesPerSecond))
                        return !poller.isReadable(stop)
                    })
                logger.info(
                    "\(report.payloads) payloads of \(report.bytes) bytes were proved, \(report.damage.count) are damaged"
                )
            } catch {
                logger.info("the scrub waits: \(error)")
            }
            guard !poller.isReadable(stop) else { return }
        }
    }
}
