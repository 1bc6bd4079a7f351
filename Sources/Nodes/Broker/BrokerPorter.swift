internal import Ledger
internal import Logging
internal import Messaging
internal import Plant
internal import Synchronization
internal import Wire

/// Knows whose keys are let in, and counts who is turned away: in step with the database once a second, on a thread and
/// a connection of its own, so that it serves a standby as well.
///
/// While the database is away the last list holds and the counts wait.
final class BrokerPorter: Sendable {
    private struct Book {
        var allowed: [CurveKey: Principal] = [:]
        /// Moves with every change of the list.
        var revision = 0
        var unwritten: [WireError.Code: Int64] = [:]
    }

    private static let period = Duration.seconds(1)

    private let book = Mutex(Book())
    private let stopping: WakeSignal
    private let thread: Mutex<NodeThread?> = Mutex(nil)

    /// Reads the list, and keeps it fresh from then on; while the database cannot be reached nobody is let in.
    ///
    /// - Parameter makeLedger: makes the connection, on the thread that will use it.
    init(makeLedger: @escaping @Sendable () throws -> any BrokerLedger, logger: Logger) throws {
        stopping = try WakeSignal()
        let (thread, _) = try NodeThread.start("broker-porter") { [self] in
            let ledger = try firstExchange(makeLedger)
            return ((), { try self.run(ledger, makeLedger, logger) })
        }
        self.thread.withLock { $0 = thread }
    }

    func stop() throws {
        stopping.raise()
        try thread.withLock { $0 }?.join()
    }

    /// The owner of a key that may connect; nil for everybody else.
    func principal(of key: CurveKey) -> Principal? { book.withLock { $0.allowed[key] } }

    var revision: Int { book.withLock { $0.revision } }

    /// Somebody was refused under this number.
    func count(_ code: WireError.Code) { book.withLock { $0.unwritten[code, default: 0] += 1 } }

    private func firstExchange(_ makeLedger: () throws -> any BrokerLedger) throws -> (any BrokerLedger)? {
        do {
            let ledger = try makeLedger()
            try exchange(with: ledger)
            return ledger
        } catch let error as LedgerError where error.mayPass {
            return nil
        }
    }

    private func run(
        _ first: (any BrokerLedger)?, _ makeLedger: () throws -> any BrokerLedger, _ logger: Logger
    ) throws {
        var ledger = first
        var poller = Poller()
        let stop = poller.add(stopping)
        while !poller.isReadable(stop) {
            try poller.wait(Self.period)
            do {
                let present = try ledger ?? makeLedger()
                ledger = present
                try exchange(with: present)
            } catch {
                logger.debug("the list of keys was not refreshed: \(error)")
            }
        }
    }

    private func exchange(with ledger: any BrokerLedger) throws {
        let counts = book.withLock { $0.unwritten }
        try ledger.add(
            counts.map { RefusalCount(code: Int($0.key.rawValue), count: $0.value) }.sorted { $0.code < $1.code })
        let allowed = Dictionary(
            try ledger.principals().filter { !$0.isRevoked }.compactMap { principal in
                CurveKey(principal.publicKey).map { ($0, principal) }
            }, uniquingKeysWith: { first, _ in first })
        book.withLock { book in
            for (code, count) in counts { book.unwritten[code, default: 0] -= count }
            book.unwritten = book.unwritten.filter { $0.value != 0 }
            guard allowed != book.allowed else { return }
            book.allowed = allowed
            book.revision += 1
        }
    }
}
