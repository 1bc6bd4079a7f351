import Synchronization

/// When what happened to each clip of a load, in microseconds of the steady clock; 0 while it has not.
final class LoadTimes: Sendable {
    struct Times {
        var sent: [Int64]
        var accepted: [Int64]
        var started: [Int64]
        var acknowledged: [Int64]
        /// Clips in the order in which workers got them.
        var order: [Int] = []
        var busy = 0
        var rejected = 0
        var duplicates = 0
        var acceptedCount = 0
        var acknowledgedCount = 0
    }

    private let times: Mutex<Times>

    init(count: Int) {
        let none = [Int64](repeating: 0, count: count)
        times = Mutex(Times(sent: none, accepted: none, started: none, acknowledged: none))
    }

    func note(_ change: (inout Times) -> Void) { times.withLock { change(&$0) } }

    var now: Times { times.withLock { $0 } }

    var acceptedCount: Int { times.withLock { $0.acceptedCount } }
    var acknowledgedCount: Int { times.withLock { $0.acknowledgedCount } }
}

extension LoadTimes.Times {
    /// Milliseconds between two moments of each clip that has both.
    func milliseconds(_ from: [Int64], _ to: [Int64]) -> Samples {
        Samples(zip(from, to).compactMap { $0 > 0 && $1 > 0 ? Double($1 - $0) / 1e3 : nil })
    }

    /// Clips per second between the first moment of one kind and the last of another.
    func rate(_ from: [Int64], _ to: [Int64]) -> Double {
        let ends = to.filter { $0 > 0 }
        guard let first = from.filter({ $0 > 0 }).min(), let last = ends.max(), last > first else { return 0 }
        return Double(ends.count) / Double(last - first) * 1e6
    }
}

/// A number that threads share.
final class Tally: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }

    func add(_ amount: Int = 1) { value.withLock { $0 += amount } }
}
