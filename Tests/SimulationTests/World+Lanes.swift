import Brokerage
import Plant

/// The disk and the ledger of the brokers, each one thing after the other.
extension World {
    func plan(_ order: DiskOrder, _ slot: Int) {
        guard let broker = brokers[slot] else { return }
        let contents =
            switch order {
            case .storeClips(_, let items), .storeContent(_, let items), .check(_, let items):
                items.map { broker.blobs[$0.blob.number] }
            }
        let start = max(now, broker.diskFreeAt) + .random(in: 100...2_000, using: &dice)
        brokers[slot]?.diskFreeAt = start + 5_000
        agenda.plan(.diskWrite(slot: slot, incarnation: broker.incarnation, order, contents: contents), at: start)
    }

    func write(_ slot: Int, _ incarnation: Int, _ order: DiskOrder, _ contents: [Int?]) {
        guard brokers[slot]?.incarnation == incarnation, let process = processes[slot] else { return }
        guard case .storeClips(let batch, let items) = order else { return }
        guard !disk.isFull else {
            let answer = DiskAnswer.full(batch: batch, .clips)
            return tell(
                slot, incarnation, .disk(answer), .diskSync(slot: slot, incarnation: incarnation, [], answer))
        }
        let locations = zip(items, contents).map { disk.write($1 ?? -1, byteCount: $0.blob.byteCount, by: process) }
        let answer = DiskAnswer.storedClips(batch: batch, locations)
        let sync = Happening.diskSync(slot: slot, incarnation: incarnation, locations, answer)
        agenda.plan(sync, at: now + .random(in: 100...3_000, using: &dice))
        if scenario.sabotage == .acceptBeforeSync { tell(slot, incarnation, .disk(answer), sync) }
    }

    func plan(_ order: LedgerOrder, _ slot: Int) {
        guard let broker = brokers[slot] else { return }
        let start = max(now, broker.ledgerFreeAt) + .random(in: 200...8_000, using: &dice)
        brokers[slot]?.ledgerFreeAt = start
        agenda.plan(
            .ledgerCall(slot: slot, incarnation: broker.incarnation, epoch: broker.broker.epoch, order), at: start)
    }

    /// The upkeep of a broker that leads, and once more of one that does so no longer.
    func settle(_ slot: Int, _ incarnation: Int, _ epoch: UInt32, _ happening: Happening) {
        if brokers[slot]?.incarnation == incarnation {
            agenda.plan(happening, at: now + .random(in: 500_000...3_000_000, using: &dice))
        }
        guard !ledger.isAway, !cutOff.contains(slot) else { return }
        do { try ledger.settle(epoch: epoch) } catch { violations.append("the ledger was not settled: \(error)") }
    }

    /// The call of a process that died meanwhile may still get through, and an answer may be lost on its way.
    func call(_ slot: Int, _ incarnation: Int, _ epoch: UInt32, _ order: LedgerOrder, _ happening: Happening) {
        let isAlive = brokers[slot]?.incarnation == incarnation
        if isAlive, let until = brokers[slot]?.pausedUntil, now < until { return agenda.plan(happening, at: until) }
        if isAlive, !isCalm, .random(in: 0..<100, using: &dice) < scenario.trouble {
            let state = SQLStates.passing.randomElement(using: &dice)
            return tell(slot, incarnation, .ledger(.failed(order.subject, ledger.trouble(state))), happening)
        }
        let breaks =
            !isAlive || ledger.isAway || cutOff.contains(slot) || !isCalm && .random(in: 0..<100, using: &dice) == 0
        guard !breaks || .random(in: 0..<2, using: &dice) == 0 else {
            return tell(slot, incarnation, .ledger(.failed(order.subject, .unreachable)), happening)
        }
        let answer = ledger.perform(order, epoch: epoch, wallClock: clock.wall)
        violations += ledger.doubled.map { "\($0) became two jobs" }
        let heard = breaks ? LedgerAnswer.failed(order.subject, .unreachable) : answer
        tell(slot, incarnation, .ledger(heard), happening)
    }
}
