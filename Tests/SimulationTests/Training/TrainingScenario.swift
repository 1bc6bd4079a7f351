import TestSupport

/// What happens while one training runs in a simulated cluster, drawn from a seed. Times are milliseconds.
struct TrainingScenario {
    /// A guard of the system taken away, to see that the simulation notices.
    enum Sabotage: String, CaseIterable {
        /// The ledger takes writes of a coordinator that was replaced.
        case noFence
        /// The ledger counts a shard as often as it is told of it.
        case noDedupe
        /// An output counts for the present step, whatever step it was computed for.
        case noStepInKeys
        /// A worker need not show that it computes what the others do.
        case noAdmission
        /// Gradients are added in the order of their arrival.
        case arrivalOrder
        /// Whatever a gradient looks like, it reaches the optimiser.
        case noGate
    }

    /// What is wrong with a worker.
    enum Vice: CaseIterable {
        /// Its gradients and features are not numbers.
        case notFinite
        /// Its outputs lack their last number.
        case wrongShape
        /// Its outputs are no messages.
        case garbage
        /// Its outputs are not those whose hash it tells.
        case wrongHash
        /// Its arithmetic differs a little.
        case deviates
        /// It takes shards and returns nothing.
        case silent
        /// It fails now and then.
        case fails
    }

    enum Fault {
        case crashWorker(Int)
        case pauseWorker(Int, Int64)
        /// The coordinator dies in its action with that number from now, before it is carried out or after.
        case crashCoordinator(action: Int, isCarriedOut: Bool)
        /// A second coordinator starts while the first one runs.
        case secondCoordinator
        /// The broker forgets all it holds in memory.
        case crashBroker
        /// The coordinator hears and says nothing for a while.
        case cutOff(Int64)
        case ledgerAway(Int64)
        case loseJournal
    }

    var seed: UInt64
    var sabotage: Sabotage?
    /// Without vice.
    var honestWorkers: Int
    var vice: Vice?
    /// Probabilities per message, in percent.
    var loss: Int
    var duplication: Int
    var latency: ClosedRange<Int64>
    var faults: [(at: Int64, Fault)]
    /// After this moment nothing goes wrong any more, but for the worker with a vice.
    var calmAt: Int64 = 12_000

    /// One honest worker and nothing that goes wrong.
    init() {
        (seed, honestWorkers, loss, duplication, latency, faults) = (0, 1, 0, 0, 1...1, [])
    }

    init(seed: UInt64, sabotage: Sabotage? = nil) {
        var dice = SplitMix64(seed: seed)
        self.init()
        self.seed = seed
        self.sabotage = sabotage
        vice = .random(in: 0..<5, using: &dice) < 3 ? Vice.allCases.randomElement(using: &dice) : nil
        // Two who agree outvote one who deviates.
        honestWorkers = .random(in: (vice == nil ? 1 : 2)...4, using: &dice)
        let isRough = Bool.random(using: &dice)
        loss = isRough ? .random(in: 0...10, using: &dice) : 0
        duplication = isRough ? .random(in: 0...25, using: &dice) : 0
        latency = 1...(.random(in: 2...(isRough ? 900 : 20), using: &dice))
        for _ in 0..<Int.random(in: 0...6, using: &dice) {
            let at = Int64.random(in: 0..<calmAt - 1_000, using: &dice)
            faults.append((at, Self.fault(workers: honestWorkers, &dice)))
        }
        if vice == .deviates { keepHonestWorkersNear() }
    }

    /// One who deviates is found out by others who answer in time; alone it could not be.
    private mutating func keepHonestWorkersNear() {
        (loss, latency) = (0, 1...20)
        faults.removeAll { _, fault in
            switch fault {
            case .crashWorker, .pauseWorker: true
            default: false
            }
        }
    }

    private static func fault(workers: Int, _ dice: inout SplitMix64) -> Fault {
        let span = Int64.random(in: 100...4_000, using: &dice)
        let worker = Int.random(in: 0..<workers, using: &dice)
        return switch Int.random(in: 0..<11, using: &dice) {
        case 0, 1: .crashWorker(worker)
        case 2: .pauseWorker(worker, span)
        case 3, 4, 5: .crashCoordinator(action: .random(in: 0...12, using: &dice), isCarriedOut: .random(using: &dice))
        case 6: .secondCoordinator
        case 7: .crashBroker
        case 8: .cutOff(span)
        case 9: .ledgerAway(span)
        default: .loseJournal
        }
    }
}
