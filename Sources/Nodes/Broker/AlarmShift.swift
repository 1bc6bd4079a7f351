internal import Alarms
internal import Ledger
internal import Wire

/// A desk of alarms at work: hears what clips said, answers operators, and writes down what it decides before it
/// decides anything else.
///
/// Where writing fails, the shift is over: the next one begins with what is written.
struct AlarmShift {
    /// Jobs looked up at once.
    private static let group = 1_000
    private static let sensorFaults = [WireError.Code.silent, .stuck].map { Int($0.rawValue) }

    private let ledger: any AlarmLedger
    private let epoch: UInt32
    private var desk: AlarmDesk
    /// The database's clock when the shift began, less the steady one: from then on time only grows.
    private let offset: Int64

    /// Takes over, and hears what was said since the last shift.
    init(_ ledger: any AlarmLedger, epoch: UInt32) throws {
        (self.ledger, self.epoch) = (ledger, epoch)
        let state = try ledger.alarmState()
        offset = state.now - SteadyClock.microseconds
        var watches = state.watches
        for machine in watches.keys { watches[machine]?.resume(now: state.now) }
        desk = AlarmDesk(watches: watches, conditions: state.conditions, policies: try ledger.alarmPolicies())
        while true {
            let missed = try ledger.missedClips(limit: Self.group, sensorFaults: Self.sensorFaults)
            try take(missed)
            if missed.count < Self.group { break }
        }
    }

    private var now: Int64 { offset + SteadyClock.microseconds }

    /// One round: clips that have ended since the last one, orders, and time.
    mutating func work(ended jobs: [Int64]) throws {
        desk.heed(try ledger.alarmPolicies())
        var rest = jobs[...]
        while !rest.isEmpty {
            try take(ledger.judgedClips(of: Array(rest.prefix(Self.group)), sensorFaults: Self.sensorFaults))
            rest = rest.dropFirst(Self.group)
        }
        try answer(ledger.openAlarmOrders())
        var page = AlarmPage()
        page.entries = desk.tick(now: now)
        try write(page)
    }

    private mutating func take(_ clips: [WatchedClip]) throws {
        var page = AlarmPage()
        for heard in clips {
            page.entries += desk.hear(heard.clip, of: heard.machine, now: now)
            let newest = max(page.watches[heard.machine]?.job ?? 0, heard.clip.job)
            if let watch = desk.watches[heard.machine] { page.watches[heard.machine] = (watch, newest) }
        }
        try write(page)
    }

    private mutating func answer(_ orders: [AlarmOrder]) throws {
        var page = AlarmPage()
        for order in orders {
            let answer = order.key.map { desk.perform(order.act, on: $0, now: now) } ?? .failure(.unknownAlarm)
            switch answer {
            case .success(let entry):
                page.entries.append(entry)
                page.orders.append((order.number, nil))
            case .failure(let refusal): page.orders.append((order.number, refusal))
            }
        }
        try write(page)
    }

    private func write(_ page: AlarmPage) throws {
        var page = page
        for entry in page.entries {
            switch entry {
            case .event(let key, _, _, _): page.conditions[key] = desk.conditions[key]
            case .state(let machine, _, _):
                guard page.watches[machine] == nil, let watch = desk.watches[machine] else { continue }
                page.watches[machine] = (watch, nil)
            }
        }
        if !page.isEmpty { try ledger.record(page, epoch: epoch) }
    }
}
