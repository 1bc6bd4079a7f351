package import Plant

/// A machine at its place.
package struct WatchedMachine: Sendable, Hashable, Comparable {
    package var site: String
    package var machine: MachineName

    package init(site: String, machine: MachineName) { (self.site, self.machine) = (site, machine) }

    package static func < (left: Self, right: Self) -> Bool {
        (left.site, left.machine) < (right.site, right.machine)
    }
}

/// Which alarm: one per machine and kind.
package struct AlarmKey: Sendable, Hashable {
    package var machine: WatchedMachine
    package var kind: AlarmKind

    package init(_ machine: WatchedMachine, _ kind: AlarmKind) { (self.machine, self.kind) = (machine, kind) }
}

/// All machines of a plant and their alarms: decides what clips, time and people make of them.
///
/// Every decision is an entry of a log. Whoever writes the entries down, the watches and the events, can go on with
/// another desk at any moment.
package struct AlarmDesk: Sendable {
    package enum Entry: Sendable, Hashable {
        case state(WatchedMachine, MachineState, job: Int64?)
        case event(AlarmKey, AlarmEvent, who: String, reason: String)
    }

    /// Who acts where no person does.
    package static let itself = "auscult"
    /// So many alarms of a kind at one site, and no fewer, may explain each other.
    private static let crowd = 3

    package private(set) var watches: [WatchedMachine: MachineWatch]
    package private(set) var conditions: [AlarmKey: AlarmCondition]
    package private(set) var policies: AlarmPolicies

    package init(
        watches: [WatchedMachine: MachineWatch] = [:], conditions: [AlarmKey: AlarmCondition] = [:],
        policies: AlarmPolicies = AlarmPolicies()
    ) {
        (self.watches, self.conditions, self.policies) = (watches, conditions, policies)
    }

    /// From here on, other policies.
    package mutating func heed(_ policies: AlarmPolicies) { self.policies = policies }

    /// Takes a clip in.
    ///
    /// - Parameter now: in microseconds since 1970, by a clock that only grows.
    package mutating func hear(_ clip: JudgedClip, of machine: WatchedMachine, now: Int64) -> [Entry] {
        var watch = watches[machine] ?? MachineWatch(now: now)
        let changes = watch.hear(clip, policy: policies[machine.machine], now: now)
        watches[machine] = watch
        return log(changes, of: machine, job: clip.job)
    }

    /// Lets time pass.
    package mutating func tick(now: Int64) -> [Entry] {
        var entries: [Entry] = []
        for machine in watches.keys.sorted() {
            let policy = policies[machine.machine]
            entries += log(watches[machine]?.tick(policy: policy, now: now) ?? [], of: machine, job: nil)
        }
        let overdue = conditions.filter { $0.value.isOverdue(now: now) }.keys
        for key in overdue.sorted(by: { ($0.machine, $0.kind.rawValue) < ($1.machine, $1.kind.rawValue) }) {
            entries.append(note(.unshelved, on: key, reason: "its time is over"))
        }
        return entries
    }

    /// Does what somebody asks of an alarm, or says why not.
    package mutating func perform(_ act: AlarmAct, on key: AlarmKey, now: Int64) -> Result<Entry, AlarmRefusal> {
        guard let condition = conditions[key] else { return .failure(.unknownAlarm) }
        return condition.event(of: act, now: now).map { note($0, on: key, who: act.who, reason: act.reason) }
    }

    private mutating func log(
        _ changes: [MachineWatch.Change], of machine: WatchedMachine, job: Int64?
    ) -> [Entry] {
        guard !changes.isEmpty else { return [] }
        var entries: [Entry] = []
        for change in changes {
            switch change {
            case .state(let state): entries.append(.state(machine, state, job: job))
            case .raised(let kind, let job, let modelVersion):
                entries.append(note(.raised(job: job, modelVersion: modelVersion), on: AlarmKey(machine, kind)))
            case .cleared(let kind, let job):
                entries.append(note(.cleared(job: job), on: AlarmKey(machine, kind)))
            }
        }
        return entries + suppress(at: machine.site)
    }

    private mutating func note(
        _ event: AlarmEvent, on key: AlarmKey, who: String = itself, reason: String = ""
    ) -> Entry {
        conditions[key, default: AlarmCondition()].apply(event)
        return .event(key, event, who: who, reason: reason)
    }

    /// Suppresses by design what something else explains: the machine by a sensor at fault, silence by a gateway that
    /// is gone, and machines that sound strange together by what they share. The first of a crowd stays announced.
    private mutating func suppress(at site: String) -> [Entry] {
        let machines = watches.keys.filter { $0.site == site }.sorted()
        let silent = machines.filter { watches[$0]?.conditions.contains(.noData) ?? false }
        let strange = machines.filter { watches[$0]?.conditions.contains(.anomaly) ?? false }
        var explained: [AlarmKey: String] = [:]
        if silent.count >= Self.crowd, silent.count == machines.count {
            for machine in silent.dropFirst() { explained[AlarmKey(machine, .noData)] = "the whole site is silent" }
        }
        if strange.count >= Self.crowd, 2 * strange.count > machines.count {
            for machine in strange.dropFirst() {
                explained[AlarmKey(machine, .anomaly)] = "most machines of the site sound strange together"
            }
        }
        for machine in machines where watches[machine]?.conditions.contains(.sensorFault) ?? false {
            explained[AlarmKey(machine, .anomaly)] = "the sensor is at fault"
        }
        var entries: [Entry] = []
        for machine in machines {
            for kind in AlarmKind.allCases {
                let key = AlarmKey(machine, kind)
                guard let condition = conditions[key] else { continue }
                let reason = explained[key]
                guard (reason != nil) != condition.isSuppressed else { continue }
                entries.append(note(reason == nil ? .unsuppressed : .suppressed, on: key, reason: reason ?? ""))
            }
        }
        return entries
    }
}
