package import Ledger
internal import Logging
internal import Synchronization

/// Tells a supervisor how many workers the operator wishes for, whenever there is a new wish.
package final class FleetWatch: Sendable {
    /// How long a wish may stay unseen when the database's signal is lost.
    private static let lookMilliseconds = 2000

    private let signals: SignalThread

    /// - Parameters:
    ///   - known: the wish that is carried out already.
    ///   - wished: called with the number of workers, on a thread of the watch.
    package init(databaseURL: String, known: FleetWish?, wished: @escaping @Sendable (Int) -> Void) throws {
        let ledger = PostgreSQLLedger(databaseURL, applicationName: "auscult supervisor")
        let logger = Logger(label: "auscult.supervisor")
        let seen = Mutex(known)
        signals = try SignalThread(url: databaseURL, signals: [.fleetChanged], every: Self.lookMilliseconds) {
            do {
                guard let wish = try ledger.fleetWish(), seen.withLock({ $0 != wish }) else { return }
                seen.withLock { $0 = wish }
                wished(wish.workers)
            } catch {
                // It is asked again at the next look.
                logger.debug("cannot see how many workers are wanted: \(error)")
            }
        }
    }

    /// Ends the watch, within two seconds.
    package func stop() throws { try signals.stop() }
}
