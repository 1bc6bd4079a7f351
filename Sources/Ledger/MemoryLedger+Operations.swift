internal import Glibc
internal import Synchronization

extension MemoryLedger: OperationsLedger {
    package func queueCounts() throws -> QueueCounts {
        state.withLock { state in
            let waiting = state.clips.indices.filter { state.isOpen(Int64($0) + 1) }
            let oldest = waiting.map { state.clips[$0].acceptedAt }.min()
            return QueueCounts(
                accepted: Int64(state.clips.count { !$0.isDropped }), waiting: Int64(waiting.count),
                scored: Int64(state.results.count), dead: Int64(state.deadLetters.count),
                oldestWaitSeconds: oldest.map { Double(now() - $0) / 1e6 })
        }
    }

    package func record(_ workers: [WorkerRecord], epoch: UInt32) throws {
        try state.withLock { state in
            try state.checkEpoch(epoch)
            state.workers = workers
            state.signals[.workersChanged] = true
        }
    }

    package func workers() throws -> [WorkerRecord] {
        state.withLock { state in
            state.workers.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        }
    }
}

extension MemoryLedger {
    package func fleetWish() throws -> FleetWish? { state.withLock { $0.fleetWish } }

    package func scale(to workers: Int) throws {
        guard (0...4096).contains(workers) else {
            throw LedgerError(.refused, "a fleet of \(workers) workers is out of range, which is 0 to 4096")
        }
        state.withLock { state in
            state.fleetWish = FleetWish(workers: workers, number: (state.fleetWish?.number ?? 0) + 1)
            state.signals[.fleetChanged] = true
        }
    }
}

extension MemoryLedger: SignalLedger {
    package func signals(_ wanted: Set<LedgerSignal>, waitMilliseconds: Int) throws -> Set<LedgerSignal> {
        let deadline = ContinuousClock.now + .milliseconds(waitMilliseconds)
        while true {
            let come = state.withLock { state in
                wanted.filter { signal in
                    defer { state.signals[signal] = false }
                    return state.signals[signal] ?? true
                }
            }
            if !come.isEmpty || ContinuousClock.now >= deadline { return come }
            // A stand-in for a database may look now and then; nobody waits for it in earnest.
            poll(nil, 0, 2)
        }
    }
}
