/// Something changed in the database that a service waits for. Hints: a service also looks by itself now and then.
package enum LedgerSignal: String, CaseIterable, Sendable {
    /// A run was submitted.
    case runSubmitted = "auscult_run_submitted"
    /// Somebody wants a run stopped.
    case runCancelled = "auscult_run_cancelled"
    /// An operator wants another number of workers.
    case fleetChanged = "auscult_fleet_changed"
    /// The broker has written down which workers there are and what they do.
    case workersChanged = "auscult_workers_changed"
    /// A machine is scored by another model version.
    case championsChanged = "auscult_champions_changed"
}

/// Delivers signals of the database.
package protocol SignalLedger: Sendable {
    /// Waits until one of the wanted signals has come; empty when the time is over.
    ///
    /// The first call, and the first after a lost connection, returns all of them: some may have been missed.
    ///
    /// - Parameter milliseconds: 0 asks without waiting.
    func signals(_ wanted: Set<LedgerSignal>, waitMilliseconds milliseconds: Int) throws -> Set<LedgerSignal>
}
