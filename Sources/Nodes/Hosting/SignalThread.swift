internal import Ledger
internal import Messaging

/// Waits for the database's signals on a connection and a thread of its own.
final class SignalThread: Sendable {
    private let stopping: WakeSignal
    private let thread: NodeThread

    /// - Parameters:
    ///   - milliseconds: at the latest after this long `changed` is called even without a signal.
    ///   - changed: on this thread.
    init(
        url: String, signals: Set<LedgerSignal>, every milliseconds: Int, changed: @escaping @Sendable () -> Void
    ) throws {
        let stopping = try WakeSignal()
        (thread, _) = try NodeThread.start("signals") { () -> (Void, NodeThread.Loop) in
            let ledger = PostgreSQLLedger(url, applicationName: "auscult signals")
            var poller = Poller()
            let stop = poller.add(stopping)
            return (
                (),
                {
                    while !poller.isReadable(stop) {
                        var pause = Duration.zero
                        do {
                            _ = try ledger.signals(signals, waitMilliseconds: milliseconds)
                        } catch let error as LedgerError where error.mayPass {
                            // Whoever is told meets the same and says so; the next call connects anew.
                            pause = .milliseconds(milliseconds)
                        }
                        changed()
                        try poller.wait(pause)
                    }
                }
            )
        }
        self.stopping = stopping
    }

    /// Ends the thread, within the waiting time.
    func stop() throws {
        stopping.raise()
        try thread.join()
    }
}
