import Alarms
import Plant

/// A plant of a few machines, its operators, and a desk that dies now and then and goes on from its log, all by a seed.
struct AlarmWorld {
    /// A guard that is missing.
    enum Sabotage: String, CaseIterable {
        case acknowledgementDropped, noDataClears, shelvingWithoutEnd, flapping, eventLost
    }

    private static let machines = (0..<6).compactMap { index in
        MachineName(type: "fan", id: "id_0\(index)").map {
            WatchedMachine(site: index < 4 ? "south" : "north", machine: $0)
        }
    }
    private static let policy = WatchPolicy()

    private let sabotage: Sabotage?
    private var random: SystemIndependentRandom
    private var desk: AlarmDesk
    private var now: Int64 = 1_000_000_000_000_000
    private var job: Int64 = 0
    /// What is written down: all that is left after the desk has died.
    private var written: [AlarmKey: [AlarmEvent]] = [:]
    /// What operators were told is done, since the last occurrence.
    private var acknowledged: Set<AlarmKey> = []
    private var shelvedUntil: [AlarmKey: Int64] = [:]
    private var clips: [WatchedMachine: Int] = [:]
    private var raises: [WatchedMachine: Int] = [:]
    private(set) var violations: [String] = []

    init(seed: UInt64, sabotage: Sabotage? = nil) {
        self.sabotage = sabotage
        random = SystemIndependentRandom(state: seed)
        var (policy, policies) = (Self.policy, AlarmPolicies())
        if sabotage == .flapping { (policy.anomalous, policy.among, policy.clear) = (1, 1, 1) }
        policies.ofPlant = policy
        desk = AlarmDesk(policies: policies)
    }

    mutating func run(steps: Int = 400) {
        for _ in 0..<steps {
            step()
            check()
        }
        calmDown()
    }

    private mutating func step() {
        let machine = Self.machines[Int.random(in: 0..<Self.machines.count, using: &random)]
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<70: hear(machine)
        case 70..<80: pass(Int64.random(in: 1...900, using: &random))
        case 80..<97: act(on: machine)
        default: restart()
        }
    }

    private mutating func hear(_ machine: WatchedMachine, _ judgement: JudgedClip.Judgement? = nil) {
        now += 1_000_000
        job += 1
        let isStrange = (job / 60 + Int64(machine.machine.id.hashedDigit)) % 3 == 0
        let score = Double.random(in: isStrange ? 0.6...2 : 0...1.1, using: &random)
        let judgement =
            judgement
            ?? (Int.random(in: 0..<12, using: &random) == 0
                ? .sensorFault : .scored(score, threshold: 1, modelVersion: "ear-1"))
        clips[machine, default: 0] += 1
        write(desk.hear(JudgedClip(job: job, recordedAt: now, judgement: judgement), of: machine, now: now))
    }

    private mutating func pass(_ seconds: Int64) {
        now += seconds * 1_000_000
        write(desk.tick(now: now))
    }

    private mutating func act(on machine: WatchedMachine) {
        let kind = AlarmKind.allCases[Int.random(in: 0..<AlarmKind.allCases.count, using: &random)]
        let verbs: [AlarmAct.Verb] = [
            .acknowledge, .acknowledge, .acknowledge, .shelve(duration: 600_000_000), .shelve(duration: nil), .unshelve,
            .takeOutOfService, .returnToService, .comment, .close(.falseAlarm),
        ]
        let verb = verbs[Int.random(in: 0..<verbs.count, using: &random)]
        let key = AlarmKey(machine, kind)
        guard case .success(let entry) = desk.perform(AlarmAct(verb, reason: "test", who: "ann"), on: key, now: now)
        else {
            return
        }
        write([entry])
        switch verb {
        case .acknowledge, .close: acknowledged.insert(key)
        case .shelve(let duration): shelvedUntil[key] = duration.map { now + $0 }
        case .unshelve: shelvedUntil[key] = nil
        default: break
        }
    }

    /// The desk dies; another goes on from what is written.
    private mutating func restart() {
        let conditions = written.mapValues { events in
            events.reduce(into: AlarmCondition()) { $0.apply($1) }
        }
        desk = AlarmDesk(watches: desk.watches, conditions: conditions, policies: desk.policies)
    }

    private mutating func write(_ entries: [AlarmDesk.Entry]) {
        for case .event(let key, let event, _, _) in entries {
            if case .raised = event {
                acknowledged.remove(key)
                if key.kind == .anomaly { raises[key.machine, default: 0] += 1 }
            }
            switch (sabotage, event) {
            case (.acknowledgementDropped, .acknowledged), (.shelvingWithoutEnd, .unshelved): continue
            case (.eventLost, .raised) where job.isMultiple(of: 5): continue
            case (.noDataClears, .raised) where key.kind == .noData:
                written[AlarmKey(key.machine, .anomaly), default: []].append(.cleared(job: nil))
            default: break
            }
            written[key, default: []].append(event)
        }
        if case .shelvingWithoutEnd = sabotage { restart() }
    }

    private mutating func check() {
        for machine in Self.machines {
            let conditions = desk.watches[machine]?.conditions ?? []
            for kind in AlarmKind.allCases {
                let key = AlarmKey(machine, kind)
                let alarm = desk.conditions[key] ?? AlarmCondition()
                if alarm.isActive != conditions.contains(kind) {
                    violations.append("\(key): the alarm is \(alarm.isActive), its condition is not")
                }
                if acknowledged.contains(key), !alarm.isAcknowledged {
                    violations.append("\(key): an acknowledgement was lost")
                }
                if let until = shelvedUntil[key], now > until + 3_600_000_000, alarm.letter == .shelved,
                    case .timed = alarm.shelving
                {
                    violations.append("\(key): shelved for ever")
                }
            }
            let most = clips[machine, default: 0] / (Self.policy.anomalous + Self.policy.clear) + 1
            if raises[machine, default: 0] > most { violations.append("\(machine): it chatters") }
        }
    }

    /// No state without a way out: healthy clips and willing operators bring every alarm back to normal.
    private mutating func calmDown() {
        pass(7_200)
        check()
        for machine in Self.machines {
            for _ in 0..<20 { hear(machine, .scored(0, threshold: 1, modelVersion: "ear-1")) }
        }
        restart()
        for key in desk.conditions.keys {
            for verb in [AlarmAct.Verb.returnToService, .unshelve, .acknowledge] {
                _ = desk.perform(AlarmAct(verb, who: "ann"), on: key, now: now)
            }
        }
        for (key, alarm) in desk.conditions where alarm.letter != .normal {
            violations.append("\(key): no way out of \(alarm.letter.name)")
        }
        for (machine, watch) in desk.watches where watch.state != .normal {
            violations.append("\(machine): no way out of \(watch.state)")
        }
    }
}

extension String {
    fileprivate var hashedDigit: Int { utf8.reduce(0) { $0 &* 31 &+ Int($1) } % 97 }
}

/// SplitMix64: the same numbers everywhere.
struct SystemIndependentRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
