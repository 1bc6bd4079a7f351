import Logging
import Nodes
import Ledger
import Plant
import Training
import Wire

extension TrainingWorld {
    private static let quiet = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

    /// A coordinator's process starts; without the database it ends and is started again.
    func start() throws {
        lastProcess += 1
        let lifespan = Lifespan()
        do {
            let coordinator = try Coordinator(
                ledger: FragileLedger(witness, lifespan), holder: "coordinator-\(lastProcess)",
                broker: access(lifespan), journal: journal, logger: Self.quiet
            ) { [plant, scenario] _ in
                let plan = try plant.plan()
                guard let training = plan.work as? OSSCLTraining else { return plan }
                return .init(work: SabotagedRun(training, scenario.sabotage), clipCount: plan.clipCount)
            }
            processes.append(Process(number: lastProcess, coordinator: coordinator, lifespan: lifespan))
        } catch let error as LedgerError where error.mayPass {
            return agenda.plan(.start(onlyIfNone: true), at: now + 500)
        }
        agenda.plan(.look(lastProcess), at: now + latency())
        agenda.plan(.welcome(lastProcess), at: now + latency())
    }

    private func access(_ lifespan: Lifespan) -> Coordinator.BrokerAccess {
        .init(
            send: { [unowned self] message in
                try? lifespan.act {
                    guard !isCut else { return }
                    switch message {
                    case .askShards(let ask): agenda.plan(.asked(ask.shards), at: now + latency())
                    case .forgetShards: agenda.plan(.forgotten, at: now + latency())
                    default: break
                    }
                }
            },
            put: { [unowned self] hash, bytes in
                try lifespan.act {
                    guard !isCut else { throw LedgerError(.unreachable, "the broker is away") }
                    weights[hash] = bytes
                }
            })
    }

    /// One event of a coordinator's process, as its node handles it.
    func with(_ number: Int, _ body: (Coordinator) throws -> Void) {
        guard let process = processes.first(where: { $0.number == number }) else { return }
        do {
            try body(process.coordinator)
        } catch let error as LedgerError where error.mayPass {
            // It waits for the next event.
        } catch let error as LedgerError where error.code == .fenced {
            end(number)
        } catch is Lifespan.Died {
            end(number)
        } catch {
            violations.append("a coordinator broke down: \(error)")
        }
        if process.lifespan.isOver { end(number) }
    }

    private func end(_ number: Int) {
        processes.removeAll { $0.number == number }
        agenda.plan(.start(onlyIfNone: true), at: now + .random(in: 100...1_500, using: &dice))
    }

    /// A coordinator hears of a shard.
    func deliver(_ done: WireShardDone, _ output: [UInt8]) {
        guard !isCut else { return }
        var done = done
        if scenario.sabotage == .noStepInKeys, done.key.phase == present.phase { done.key.step = present.step }
        for process in processes { with(process.number) { try $0.take(done, output: output, now: self.now) } }
    }

    func latency() -> Int64 { isCalm ? 1 : .random(in: scenario.latency, using: &dice) }
}
