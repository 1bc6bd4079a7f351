internal import Glibc
package import Plant
internal import Synchronization

extension MemoryLedger: OperationsLedger {
    package func queueCounts() throws -> QueueCounts {
        state.withLock { state in
            let waiting = state.clips.filter { state.isOpen($0) }
            let oldest = waiting.map(\.acceptedAt).min()
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

extension MemoryLedger {
    package func pause(_ scope: QueueScope, reason: String, by who: String) throws -> Int64 {
        state.withLock { state in
            let standing = state.orders.first { $0.closed == nil && $0.order.action == .pause(scope) }
            return standing?.order.number ?? state.give(.pause(scope), reason, who)
        }
    }

    package func resume(_ scope: QueueScope, by who: String) throws -> Int {
        state.withLock { state in
            let lifted = state.orders.indices.filter { index in
                guard case .pause(let paused) = state.orders[index].order.action else { return false }
                return state.orders[index].closed == nil && scope.contains(paused)
            }
            for index in lifted { state.orders[index].closed = 0 }
            return lifted.count
        }
    }

    package func cancel(_ scope: QueueScope, reason: String, by who: String) throws -> Int64 {
        state.withLock { state in
            state.give(.cancel(scope, lastJob: state.newestJob), reason, who)
        }
    }

    package func cancel(jobs: [Int64], reason: String, by who: String) throws -> Int64 {
        state.withLock { $0.give(.cancelJobs(jobs), reason, who) }
    }

    package func retryDeadLetters(_ jobs: [Int64], by who: String) throws -> Int {
        state.withLock { state in
            let revived = Set(jobs).filter { state.deadLetters[$0] != nil }.subtracting(state.dropped).sorted()
            for job in revived { state.forgiven[job] = state.deadLetters.removeValue(forKey: job)?.attempt }
            if guards.contains(.revivedIsListed) { state.openBehind.formUnion(revived) }
            if !revived.isEmpty { _ = state.give(.retry(revived), "", who) }
            return revived.count
        }
    }

    package func dropDeadLetters(_ jobs: [Int64], reason: String, by who: String) throws -> Int {
        state.withLock { state in
            let listed = Set(jobs).filter { state.deadLetters[$0] != nil }.subtracting(state.dropped)
            state.dropped.formUnion(listed)
            return listed.count
        }
    }

    package func clipsTouched(byOrder number: Int64) throws -> Int? {
        state.withLock { state in state.orders.first { $0.order.number == number }?.closed }
    }
}

extension MemoryLedger.State {
    fileprivate mutating func give(_ action: OperatorOrder.Action, _ reason: String, _ who: String) -> Int64 {
        let number = Int64(orders.count) + 1
        let order = OperatorOrder(number: number, action: action, reason: reason, givenBy: who)
        orders.append(MemoryLedger.Order(order: order, closed: nil))
        return number
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
