/// Decides which processes of one host run: starts them in order, restarts what ends, scales the workers, and stops
/// everything from the workers down. Pure: the supervisor performs the actions and reports what happened.
///
/// A service that ends is started again at once; one that keeps ending waits longer each time, and a service that has
/// run for `settledMilliseconds` is forgiven its past.
package struct Supervision: Sendable {
    package enum Service: Hashable, Sendable, CustomStringConvertible {
        /// The private database server.
        case database
        case broker
        /// The second broker of a pair.
        case standby
        case coordinator
        case worker(Int)

        package var description: String {
            switch self {
            case .database: "database"
            case .broker: "broker"
            case .standby: "standby"
            case .coordinator: "coordinator"
            case .worker(let number): "worker-\(number)"
            }
        }
    }

    package enum Action: Hashable, Sendable {
        case start(Service)
        /// SIGTERM: finish what is in hand, then end.
        case terminate(Service)
        /// SIGKILL: the grace has passed.
        case kill(Service)
    }

    private enum State: Equatable {
        /// Can become `stopping` (asked to) or `waiting` (ended by itself).
        case running(since: Int64)
        /// Can become `running` when its time comes.
        case waiting(until: Int64)
        /// Ends for good with its process.
        case stopping(killAt: Int64)
    }

    package static let firstDelayMilliseconds: Int64 = 100
    package static let longestDelayMilliseconds: Int64 = 10_000
    package static let settledMilliseconds: Int64 = 5_000
    package static let graceMilliseconds: Int64 = 15_000

    private var states: [Service: State] = [:]
    private var failures: [Service: Int] = [:]
    private var isStopping = false
    private var desiredWorkers: Int
    /// What runs besides the workers, in order of starting.
    private let foundation: [Service]

    package init(workers: Int, standby: Bool = false, database: Bool = false) {
        precondition(workers >= 0, "a fleet of \(workers) workers")
        desiredWorkers = workers
        foundation = (database ? [.database] : []) + [.broker] + (standby ? [.standby] : []) + [.coordinator]
    }

    /// Whether every process has ended after `stop`.
    package var isFinished: Bool { isStopping && states.isEmpty }

    package mutating func start(now: Int64) -> [Action] {
        foundation.map { start($0, now: now) } + scale(to: desiredWorkers, now: now)
    }

    /// Starts missing workers and drains those with the highest numbers.
    package mutating func scale(to workers: Int, now: Int64) -> [Action] {
        guard !isStopping else { return [] }
        desiredWorkers = workers
        let numbers = states.keys.compactMap { if case .worker(let number) = $0 { number } else { nil } }
        let surplus = numbers.filter { $0 > workers }.sorted().compactMap { stop(.worker($0), now: now) }
        let missing = (1...max(1, workers)).filter { $0 <= workers && states[.worker($0)] == nil }
        return surplus + missing.map { start(.worker($0), now: now) }
    }

    /// A process has ended.
    ///
    /// - Parameter drained: it is a worker that an operator had drained; it stays away until the next `scale`.
    package mutating func ended(_ service: Service, drained: Bool = false, now: Int64) -> [Action] {
        guard let state = states[service] else { return [] }
        switch state {
        case .running where drained:
            states[service] = nil
            return []
        case .running(let since):
            if now - since > Self.settledMilliseconds { failures[service] = 0 }
            let count = failures[service, default: 0]
            failures[service] = count + 1
            let delay = min(Self.firstDelayMilliseconds << Int64(min(count, 20)), Self.longestDelayMilliseconds)
            states[service] = .waiting(until: now + delay)
            return []
        case .stopping, .waiting:
            states[service] = nil
            return isStopping ? stopNext(now: now) : scale(to: desiredWorkers, now: now)
        }
    }

    /// Begins to stop everything: workers first, so that what they finish still finds a broker.
    package mutating func stop(now: Int64) -> [Action] {
        isStopping = true
        for (service, state) in states {
            if case .waiting = state { states[service] = nil }
        }
        return stopNext(now: now)
    }

    /// Restarts and kills whose time has come.
    package mutating func tick(now: Int64) -> [Action] {
        var actions: [Action] = []
        for (service, state) in states.sorted(by: { $0.key.description < $1.key.description }) {
            switch state {
            case .waiting(let until) where until <= now:
                actions.append(start(service, now: now))
            case .stopping(let killAt) where killAt <= now:
                states[service] = .stopping(killAt: .max)
                actions.append(.kill(service))
            default: break
            }
        }
        return actions
    }

    /// When `tick` has something to do, nil when only events can change anything.
    package var nextDeadline: Int64? {
        states.values.compactMap { state -> Int64? in
            switch state {
            case .running, .stopping(killAt: .max): nil
            case .waiting(let time), .stopping(let time): time
            }
        }.min()
    }

    private mutating func start(_ service: Service, now: Int64) -> Action {
        states[service] = .running(since: now)
        return .start(service)
    }

    private mutating func stop(_ service: Service, now: Int64) -> Action? {
        switch states[service] {
        case .running:
            states[service] = .stopping(killAt: now + Self.graceMilliseconds)
            return .terminate(service)
        case .waiting:
            states[service] = nil
            return nil
        case .stopping, nil:
            return nil
        }
    }

    /// Terminates the uppermost tier that still runs: workers, then the coordinator, then the brokers, then the
    /// database.
    private mutating func stopNext(now: Int64) -> [Action] {
        let workers = states.keys.filter { if case .worker = $0 { true } else { false } }
        if !workers.isEmpty {
            return workers.sorted { $0.description < $1.description }.compactMap { stop($0, now: now) }
        }
        let tiers: [[Service]] = [[.coordinator], [.broker, .standby], [.database]]
        let uppermost = tiers.first { tier in tier.contains { states[$0] != nil } }
        return (uppermost ?? []).compactMap { stop($0, now: now) }
    }
}
