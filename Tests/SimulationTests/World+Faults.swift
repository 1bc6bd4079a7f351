import Brokerage

extension World {
    func begin(_ fault: Scenario.Fault) {
        guard !isCalm else { return }
        switch fault {
        case .crashWorker(let number): crashWorker(number)
        case .pauseWorker(let number, let span): pausedUntil[workers[number].session] = now + span
        case .crashBroker(let actions):
            guard let slot = brokers.firstIndex(where: { $0 != nil }) else { return }
            brokers[slot]?.actionsLeft = actions
        case .pauseBroker(let span):
            guard let slot = brokers.firstIndex(where: { $0 != nil }) else { return }
            brokers[slot]?.pausedUntil = now + span
        case .takeOver:
            guard let slot = brokers.firstIndex(where: { $0 == nil }) else { return }
            start(slot: slot)
        case .ledgerAway(let span):
            ledger.isAway = true
            agenda.plan(.faultEnds(fault), at: now + span)
        case .diskFull(let span):
            disk.isFull = true
            agenda.plan(.faultEnds(fault), at: now + span)
        case .crashGateway(let number): gateways[number].restart(session: newSession(.gateway(number)))
        case .partition(let session, let span):
            partitioned.insert(session + 1)
            agenda.plan(.faultEnds(fault), at: now + span)
        }
    }

    func end(_ fault: Scenario.Fault) {
        switch fault {
        case .ledgerAway: ledger.isAway = false
        case .diskFull: disk.isFull = false
        case .partition(let session, _): partitioned.remove(session + 1)
        default: break
        }
    }

    /// From now on nothing goes wrong, and at least one broker runs.
    func calmDown() {
        isCalm = true
        ledger.isAway = false
        disk.isFull = false
        partitioned = []
        for slot in brokers.indices { brokers[slot]?.actionsLeft = nil }
        if brokers.allSatisfy({ $0 == nil }) { agenda.plan(.restartBroker(slot: 0), at: now + 100_000) }
    }
}
