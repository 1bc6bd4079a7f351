import Foundation
import Ledger
import Logging
import Nodes
import Plant
import Synchronization
import TestSupport
import Training
import Wire

/// Real coordinators with a real training, and a broker, workers and a database as values under one clock.
///
/// The broker stands here for what it promises a coordinator: a shard that was asked for comes back at some time, perhaps
/// twice and in any order, unless the broker forgets everything and says so.
final class TrainingWorld {
    enum Happening {
        /// A coordinator starts beside those that run; `onlyIfNone` is for a restart.
        case start(onlyIfNone: Bool)
        case look(Int)
        case welcome(Int)
        case asked([WireShardWork])
        case forgotten
        case arrive(Lease)
        case computed(Lease, output: [UInt8]?, fails: Bool)
        case leaseEnds(Lease)
        case deliver(WireShardDone, [UInt8])
        case restartWorker(Int)
        case dispatch
        case fault(TrainingScenario.Fault)
        case cutEnds
        case ledgerIsBack
        case calm
    }

    /// A copy of a shard in a worker's hand.
    struct Lease: Hashable {
        let number: Int
        let key: WireShardKey
        let worker: Int
        /// Of the worker.
        let incarnation: Int
    }

    /// A coordinator's process.
    struct Process {
        let number: Int
        let coordinator: Coordinator
        let lifespan: Lifespan
    }

    struct Worker {
        let vice: TrainingScenario.Vice?
        var incarnation = 0
        var isDead = false
        var isBusy = false
        var pausedUntil: Int64 = 0
    }

    /// A copy of a shard that the broker was asked for.
    struct Entry {
        let work: WireShardWork
        var lease: Lease?
    }

    static let leaseMilliseconds: Int64 = 3_000
    static let longestWait: Int64 = 400_000
    static let run: Int64 = 1

    let scenario: TrainingScenario
    let plant: TrainingPlant
    let clock = Clock()
    let witness: LedgerWitness
    let journal: String
    var dice: SplitMix64
    var agenda = Agenda<Happening>()
    var processes: [Process] = []
    var lastProcess = 0
    var workers: [Worker]
    var entries: [WireShardKey: Entry] = [:]
    /// In the order of asking.
    var order: [WireShardKey] = []
    /// Who was given which copy of a shard.
    var holders: [ShardPlace: [UInt32: Int]] = [:]
    var weights: [ContentHash: [UInt8]] = [:]
    var leases = 0
    var isCut = false
    var isCalm = false
    /// What the last request asked for, for the sabotage of keys.
    var present = ShardPlace(shard: 0)
    var violations: [String] = []

    final class Clock: Sendable {
        private let time = Mutex<Int64>(0)
        var now: Int64 {
            get { time.withLock { $0 } }
            set { time.withLock { $0 = newValue } }
        }
    }

    var now: Int64 { clock.now }

    init(_ scenario: TrainingScenario, plant: TrainingPlant) throws {
        self.scenario = scenario
        self.plant = plant
        dice = SplitMix64(seed: scenario.seed &+ 1)
        witness = LedgerWitness(sabotage: scenario.sabotage) { [clock] in clock.now * 1000 }
        workers =
            (0..<scenario.honestWorkers).map { _ in Worker(vice: nil) }
            + (scenario.vice.map { [Worker(vice: $0)] } ?? [])
        journal = "\(Self.memoryDirectory)/auscult-simulation-\(UUID().uuidString)"
        try witness.memory.createDataset("plant", feature: nil)
        _ = try witness.memory.submit(
            RunRequest(kind: .train, model: OSSCLTraining.kind, dataset: "plant", specification: "{}"))
        agenda.plan(.start(onlyIfNone: true), at: 0)
        for (at, fault) in scenario.faults { agenda.plan(.fault(fault), at: at) }
        agenda.plan(.calm, at: scenario.calmAt)
    }

    /// Where syncing costs nothing.
    private static let memoryDirectory = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"

    /// Runs until the training has ended, or until it is clear that it never will.
    func run() throws {
        defer { try? FileManager.default.removeItem(atPath: journal) }
        while violations.isEmpty, let (time, happening) = agenda.next(), time < scenario.calmAt + Self.longestWait {
            clock.now = max(time, now)
            try perform(happening)
            violations += witness.seen.withLock { $0.violations }
            guard let record = try witness.memory.run(Self.run), record.state.isFinal else { continue }
            if record.state != .done { violations.append("the run \(record.state): \(record.reason ?? "")") }
            return
        }
        if violations.isEmpty { violations.append("it never ended: \(unfinished)") }
    }

    /// What a person who looks into it wants to know.
    private var unfinished: String {
        let waiting = order.compactMap { key in
            entries[key].map { "\(ShardPlace(key)) copy \(key.copy) at \($0.lease?.worker ?? -1)" }
        }
        let last = witness.seen.withLock { $0.shards.last.map { "step \($0.step), phase \($0.phase)" } }
        return "\(processes.count) coordinators, last counted \(last ?? "nothing"), with the broker \(waiting); "
            + "\(scenario)"
    }

    private func perform(_ happening: Happening) throws {
        switch happening {
        case .start(let onlyIfNone): if !onlyIfNone || processes.isEmpty { try start() }
        case .look(let number):
            with(number) { try $0.lookForWork(now: self.now) }
            agenda.plan(happening, at: now + 1_000)
        case .welcome(let number): with(number) { try $0.askAgain(now: self.now) }
        case .asked(let shards): ask(shards)
        case .forgotten: (entries, order) = ([:], [])
        case .arrive(let lease): try arrive(lease)
        case .computed(let lease, let output, let fails): conclude(lease, output, fails)
        case .leaseEnds(let lease): requeue(lease)
        case .deliver(let done, let output): deliver(done, output)
        case .restartWorker(let number): workers[number].isDead = false
        case .dispatch: break
        case .fault(let fault): try begin(fault)
        case .cutEnds: endCut()
        case .ledgerIsBack: witness.seen.withLock { $0.isAway = false }
        case .calm: calmDown()
        }
        dispatch()
    }

    /// What the ledger says in the end.
    func trace() throws -> Trace {
        let shards = witness.seen.withLock { $0.shards }
        return Trace(
            weights: try witness.memory.run(Self.run)?.weightsHash,
            steps: try witness.memory.steps(of: Self.run, after: 0).map {
                .init(number: $0.step, after: $0.weightsHash)
            },
            shards: shards.map {
                .init(
                    place: .init(step: UInt32($0.step), phase: UInt32($0.phase), shard: UInt32($0.shard)),
                    hash: $0.outputHash)
            }.sorted { $0.place < $1.place })
    }

    /// Which must be the same in every world.
    struct Trace: Equatable {
        struct Step: Equatable {
            let number: Int
            let after: ContentHash
        }
        struct Shard: Equatable {
            let place: ShardPlace
            let hash: ContentHash
        }

        let weights: ContentHash?
        let steps: [Step]
        /// Every time a shard was counted.
        let shards: [Shard]
    }
}
