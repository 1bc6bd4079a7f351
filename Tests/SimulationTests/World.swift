import Brokerage
import Plant
import Synchronization
import TestSupport

/// Gateways, workers, a coordinator, brokers, a disk and a ledger as values under one clock that only we move.
///
/// Everything that happens follows from the scenario's seed.
final class World {
    enum Actor {
        case gateway(Int)
        case worker(Int)
        case coordinator
    }

    /// Boxed, so that the agenda moves pointers.
    indirect enum Happening {
        case toBroker(slot: Int, session: Int, Message, content: Int?)
        case toPeer(session: Int, slot: Int, Answer, content: Int?)
        case tick(Actor)
        case brokerTurn(slot: Int, incarnation: Int)
        case diskWrite(slot: Int, incarnation: Int, DiskOrder, contents: [Int?])
        case diskSync(slot: Int, incarnation: Int, [SegmentLocation], DiskAnswer)
        case ledgerCall(slot: Int, incarnation: Int, epoch: UInt32, LedgerOrder)
        /// The leader's upkeep of the ledger.
        case settle(slot: Int, incarnation: Int, epoch: UInt32)
        case restartWorker(Int)
        case restartBroker(slot: Int)
        /// A broker's process keeps the lock, or tries for it.
        case campaign(slot: Int, process: Int)
        /// A standby has told a peer to look for the other broker.
        case sentAway(session: Int, slot: Int)
        case fault(Scenario.Fault)
        case faultEnds(Scenario.Fault)
        case calm
    }

    static let actorPeriod: Microseconds = 100_000
    static let silence: Microseconds = 3_000_000
    /// How long after the last fault the last clip may end, whatever its priority and site: deadlines of hung jobs, the
    /// backlog of one worker, and the pauses of retries together.
    static let longestWait: Microseconds = 200_000_000
    static let largestClip: Int64 = 1_500

    let scenario: Scenario
    let clock = Clock()
    let ledger: SimulatedLedger
    var dice: SplitMix64
    var agenda = Agenda<Happening>()
    var disk = SimulatedDisk()
    var gateways: [SimulatedGateway] = []
    var workers: [SimulatedWorker] = []
    var coordinator: SimulatedCoordinator
    /// The processes by their address; nil where none runs.
    var processes: [Int?] = [nil, nil]
    var lastProcess = 0
    /// The brokers by their address; nil where no process leads.
    var brokers: [SimulatedBroker?] = [nil, nil]
    var lock = SimulatedLock()
    /// Addresses from which the database cannot be reached.
    var cutOff: Set<Int> = []
    var incarnations = 0
    /// Who speaks under a session, where it sends, when it last heard something.
    var actors: [Int: Actor] = [:]
    var targets: [Int: Int] = [:]
    var lastHeard: [Int: Microseconds] = [:]
    var sessions = 0
    var contents = 0
    var isCalm = false
    var partitioned: Set<Int> = []
    var pausedUntil: [Int: Microseconds] = [:]
    var deadWorkers: Set<Int> = []
    /// What must not have happened, and did.
    var violations: [String] = []

    var now: Microseconds { clock.now }

    /// Read by the ledger through a Sendable closure, hence the lock; nobody contends for it.
    final class Clock: Sendable {
        private let time = Mutex<(now: Microseconds, ahead: Microseconds)>((0, 1_700_000_000_000_000))
        var now: Microseconds {
            get { time.withLock { $0.now } }
            set { time.withLock { $0.now = newValue } }
        }
        /// What the calendar says; unlike `now` it may jump.
        var wall: Microseconds { time.withLock { $0.now + $0.ahead } }

        func jump(by span: Microseconds) { time.withLock { $0.ahead += span } }
    }

    private let tellsItsStory: Bool

    /// - Parameter tellsItsStory: prints everything that happens, for a person who looks into a failure.
    init(_ scenario: Scenario, tellsItsStory: Bool = false) throws {
        self.scenario = scenario
        self.tellsItsStory = tellsItsStory
        dice = SplitMix64(seed: scenario.seed &+ 1)
        guard let machine = MachineName(type: "fan", id: "id_00") else { throw Impossible() }
        let champion = Champion(machine: machine, modelVersion: "m", modelHash: ContentHash(of: [1]))
        ledger = SimulatedLedger(sabotage: scenario.sabotage, champions: [champion]) { [clock] in clock.wall }
        coordinator = SimulatedCoordinator(session: 0, shards: scenario.shards)
        for number in 0..<scenario.gateways {
            let clips = (0..<scenario.clipsPerGateway).map { clip(number, $0, machine) }
            gateways.append(SimulatedGateway(session: newSession(.gateway(number)), clips: clips))
        }
        for number in 0..<scenario.workers {
            let session = newSession(.worker(number))
            workers.append(SimulatedWorker(name: "w\(number)", credits: scenario.credits, session: session))
        }
        coordinator = SimulatedCoordinator(session: newSession(.coordinator), shards: scenario.shards)
        plan()
    }

    struct Impossible: Error {}

    private func clip(_ gateway: Int, _ number: Int, _ machine: MachineName) -> SimulatedGateway.Clip {
        contents += 1
        let kind = Int.random(in: 0..<24, using: &dice)
        let names = ["hopeless", "killer", "flaky", "flaky", "unstorable", "unspeakable"]
        let name = kind < names.count ? names[kind] : "clip"
        let priorities: [ClipRecord.Priority] = [.normal, .normal, .urgent, .bulk]
        let record = ClipRecord(
            key: "\(gateway)-\(number)", site: "site-\(gateway % 2)", machine: machine, recordedAt: 0,
            sha256: ContentHash(of: [UInt8(truncatingIfNeeded: contents)]), format: .audio, name: name, channel: 0,
            feature: nil, priority: priorities[.random(in: priorities.indices, using: &dice)],
            location: .unstored(length: .random(in: 500...Self.largestClip, using: &dice)))
        let at = Microseconds.random(in: 0..<scenario.pushingEnds, using: &dice)
        return SimulatedGateway.Clip(record: record, content: contents, nextTry: at)
    }

    private func plan() {
        launch(slot: 0)
        if scenario.hasStandby { launch(slot: 1) }
        for number in gateways.indices {
            agenda.plan(.tick(.gateway(number)), at: .random(in: 0..<500_000, using: &dice))
        }
        for number in workers.indices {
            agenda.plan(.tick(.worker(number)), at: .random(in: 0..<500_000, using: &dice))
        }
        agenda.plan(.tick(.coordinator), at: 1_000)
        for (at, fault) in scenario.faults { agenda.plan(.fault(fault), at: at) }
        agenda.plan(.calm, at: scenario.calmAt)
    }

    func newSession(_ actor: Actor) -> Int {
        sessions += 1
        actors[sessions] = actor
        targets[sessions] = brokers.firstIndex { $0 != nil } ?? 0
        lastHeard[sessions] = now
        return sessions
    }

    /// Runs until all is done, or until it is clear that it never will be.
    func run() {
        let deadline = scenario.calmAt + Self.longestWait
        var doneSince: Microseconds?
        while violations.isEmpty, let (time, happening) = agenda.next(), time < deadline {
            clock.now = max(time, now)
            if tellsItsStory { tell(happening) }
            perform(happening)
            violations += ledger.violations
            guard isCalm, isDone else {
                doneSince = nil
                continue
            }
            doneSince = doneSince ?? now
            if let doneSince, now - doneSince > 8_000_000 { return checkTheEnd() }
        }
        if violations.isEmpty { violations.append("it never ended: \(unfinished)") }
    }

    private func tell(_ happening: Happening) {
        switch happening {
        case .tick, .brokerTurn, .campaign, .settle, .toBroker(_, _, .heartbeat, _), .toPeer(_, _, .heartbeat, _): break
        default: print("\(now) \(happening)")
        }
    }

    private var isDone: Bool { coordinator.isDone && gateways.allSatisfy(\.isDone) && ledger.isSettled }

    private var unfinished: String {
        let open = gateways.flatMap(\.clips).filter { !$0.ended }
        let clips = open.map { "\($0.record.key) \($0.job.map { "job \($0)" } ?? "not accepted")" }
        return (clips + (coordinator.isDone ? [] : ["shards"])).joined(separator: ", ")
    }

    private func perform(_ happening: Happening) {
        switch happening {
        case .toBroker(let slot, let session, let message, let content):
            arrive(slot, session, message, content, happening)
        case .toPeer(let session, let slot, let answer, let content):
            arrive(session, slot, answer, content, happening)
        case .tick(let actor): tick(actor, happening)
        case .brokerTurn(let slot, let incarnation):
            whenAwake(slot, incarnation, happening) { world in world.turn(slot) }
        case .diskWrite(let slot, let incarnation, let order, let contents):
            write(slot, incarnation, order, contents)
        case .diskSync(let slot, let incarnation, let locations, let answer):
            guard brokers[slot]?.incarnation == incarnation else { return }
            disk.sync(locations)
            if scenario.sabotage != .acceptBeforeSync { tell(slot, incarnation, .disk(answer), happening) }
        case .ledgerCall(let slot, let incarnation, let epoch, let order):
            call(slot, incarnation, epoch, order, happening)
        case .settle(let slot, let incarnation, let epoch):
            settle(slot, incarnation, epoch, happening)
        case .restartWorker(let number):
            deadWorkers.remove(number)
            workers[number].restart(session: newSession(.worker(number)))
        case .restartBroker(let slot): if processes[slot] == nil { launch(slot: slot) }
        case .campaign(let slot, let process): campaign(slot, process)
        case .sentAway(let session, let slot): sendAway(session, from: slot)
        case .fault(let fault): begin(fault)
        case .faultEnds(let fault): end(fault)
        case .calm: calmDown()
        }
    }
}
