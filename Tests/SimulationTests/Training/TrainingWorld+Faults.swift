import Foundation
import Nodes
import Synchronization

extension TrainingWorld {
    func begin(_ fault: TrainingScenario.Fault) throws {
        guard !isCalm else { return }
        switch fault {
        case .crashWorker(let number):
            workers[number].incarnation += 1
            (workers[number].isDead, workers[number].isBusy) = (true, false)
            agenda.plan(.restartWorker(number), at: now + .random(in: 200...2_000, using: &dice))
        case .pauseWorker(let number, let span): workers[number].pausedUntil = now + span
        case .crashCoordinator(let action, let isCarriedOut):
            processes.first?.lifespan.end(after: action, carriesOut: isCarriedOut)
        case .secondCoordinator: try start()
        case .crashBroker:
            (entries, order, holders, weights) = ([:], [], [:], [:])
            for number in workers.indices { workers[number].isBusy = false }
            processes.forEach { agenda.plan(.welcome($0.number), at: now + 500) }
        case .cutOff(let span):
            isCut = true
            agenda.plan(.cutEnds, at: now + span)
        case .ledgerAway(let span):
            witness.seen.withLock { $0.isAway = true }
            agenda.plan(.ledgerIsBack, at: now + span)
        case .loseJournal: try? FileManager.default.removeItem(atPath: "\(journal)/run-\(Self.run).journal")
        }
    }

    /// The coordinators find the broker again.
    func endCut() {
        guard isCut else { return }
        isCut = false
        processes.forEach { agenda.plan(.welcome($0.number), at: now + latency()) }
    }

    func calmDown() {
        isCalm = true
        endCut()
        witness.seen.withLock { $0.isAway = false }
    }
}
