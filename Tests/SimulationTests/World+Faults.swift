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
        case .crashStandby:
            guard let slot = processes.indices.first(where: { processes[$0] != nil && brokers[$0] == nil }) else {
                return
            }
            crash(slot: slot)
        case .takeOver:
            guard let slot = brokers.firstIndex(where: { $0 == nil }) else { return }
            if processes[slot] == nil { launch(slot: slot) }
            guard let process = processes[slot], brokers[slot] == nil else { return }
            lock.rob(process, now: now)
            divide(slot)
            lead(slot, process)
        case .cutOff(let slot, let span):
            cutOff.insert(slot)
            agenda.plan(.faultEnds(fault), at: now + span)
        case .clockJump(let span): clock.jump(by: span)
        case .ledgerAway(let span):
            ledger.isAway = true
            lock.releaseAll()
            agenda.plan(.faultEnds(fault), at: now + span)
        case .diskFull(let span):
            disk.isFull = true
            agenda.plan(.faultEnds(fault), at: now + span)
        case .crashGateway(let number): gateways[number].restart(session: newSession(.gateway(number)))
        case .partition(let session, let span):
            partitioned.insert(session + 1)
            agenda.plan(.faultEnds(fault), at: now + span)
        case .pauseSite(let site, let span):
            order { try ledger.pause(site: "site-\(site)") }
            agenda.plan(.faultEnds(fault), at: now + span)
        case .cancelSite(let site): order { try ledger.cancel(site: "site-\(site)") }
        case .damage(let damage): disk.damage(damage, dice: &dice)
        case .retryDeadLetters: order { try ledger.retryDeadLetters() }
        }
    }

    /// Some peers have lost their way to the old leader already and come to the new one; the others go on with the old one.
    private func divide(_ slot: Int) {
        for session in actors.keys.sorted() where .random(using: &dice) { targets[session] = slot }
    }

    private func order(_ give: () throws -> Void) {
        do { try give() } catch { violations.append("an order was refused: \(error)") }
    }

    func end(_ fault: Scenario.Fault) {
        switch fault {
        case .ledgerAway: ledger.isAway = false
        case .cutOff(let slot, _): cutOff.remove(slot)
        case .diskFull: disk.isFull = false
        case .partition(let session, _): partitioned.remove(session + 1)
        case .pauseSite: order { try ledger.resumeAll() }
        default: break
        }
    }

    /// From now on nothing goes wrong; what is down comes back by itself.
    func calmDown() {
        isCalm = true
        ledger.isAway = false
        disk.isFull = false
        partitioned = []
        cutOff = []
        order { try ledger.resumeAll() }
        for slot in brokers.indices { brokers[slot]?.actionsLeft = nil }
    }
}
