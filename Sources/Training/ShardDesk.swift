package import Plant
internal import Tensors
package import Wire

/// Decides how often a shard is computed, and which of its outputs counts.
///
/// The first output counts, unless it has to be confirmed: a small share of shards is, chosen by chance, and the first
/// output of every worker that has not shown yet that it computes what the others do. A confirmation is the same output
/// from another worker; where two differ a third decides, and whoever is outvoted is not believed any more. A shard that
/// takes much longer than its like is computed a second time, elsewhere.
///
/// It is told the time and holds no output; who owns it does.
package struct ShardDesk: Sendable {
    /// A copy of a shard that somebody is to be asked for.
    package struct Ask: Hashable, Sendable {
        package var place: ShardPlace
        /// Different copies run on different workers.
        package var copy: UInt32
        /// Nil where any worker will do.
        package var preferredWorker: String?

        package init(place: ShardPlace, copy: UInt32, preferredWorker: String? = nil) {
            (self.place, self.copy, self.preferredWorker) = (place, copy, preferredWorker)
        }
    }

    package enum Ruling: Hashable, Sendable {
        /// This output counts.
        case counts
        /// An earlier output counts, of the worker named: it has been confirmed by this one, or outvoted the others.
        case counted(of: String)
        /// The output waits for another worker's.
        case waits
        /// The shard has been counted already; false where this output is another one.
        case late(agrees: Bool)
        /// The worker is not believed any more.
        case disbelieved
        /// Three workers returned three outputs: nothing here is exact.
        case hopeless
    }

    private struct Entry {
        var askedAt: Int64
        /// Copies asked for so far.
        var copies: UInt32 = 1
        var outputs: [(worker: String, hash: ContentHash)] = []
        var isAudited: Bool
        /// When the first output began to wait for another.
        var waitingSince: Int64?
        var refusals = 0
    }

    /// Between the copies of a shard under way, and the shards audited.
    private static let copyLimit: UInt32 = 2
    private static let refusalLimit = 8
    private static let fewestDurations = 8
    private static let durationWindow = 101
    /// The least time, milliseconds, after which a shard can be late.
    private static let leastPatience: Int64 = 1_000

    private let auditShare: Double
    private let seed: UInt64
    private var open: [ShardPlace: Entry] = [:]
    /// What counted of the present step and the one before.
    private var counted: [ShardPlace: ContentHash] = [:]
    private var durations: [UInt32: [Int64]] = [:]
    private var trusted: Set<String> = []
    /// Workers that were outvoted.
    package private(set) var quarantined: Set<String> = []
    private var due: [Ask] = []

    /// - Parameters:
    ///   - auditShare: of shards computed twice on purpose, 0...1.
    ///   - seed: of the choice.
    package init(auditShare: Double = 0.015, seed: UInt64 = 1) {
        self.auditShare = auditShare
        self.seed = seed
    }

    /// The copies to ask for now: of shards that are new, that wait for confirmation, that are late.
    ///
    /// - Parameters:
    ///   - outstanding: every shard whose output is missing.
    ///   - now: milliseconds.
    package mutating func asks(for outstanding: [ShardPlace], now: Int64) -> [Ask] {
        var asks = due.filter { open[$0.place] != nil }
        due = []
        for place in outstanding where open[place] == nil {
            open[place] = Entry(askedAt: now, isAudited: isAudited(place))
            asks.append(Ask(place: place, copy: 0))
        }
        for place in open.keys.sorted() {
            guard let entry = open[place], entry.outputs.isEmpty, entry.copies < Self.copyLimit,
                now - entry.askedAt > patience(place.phase) ?? .max
            else { continue }
            asks.append(anotherCopy(of: place))
        }
        return asks
    }

    /// Rules on an output.
    package mutating func take(_ place: ShardPlace, worker: String, hash: ContentHash, now: Int64) -> Ruling {
        if let counted = counted[place] { return .late(agrees: counted == hash) }
        guard var entry = open[place] else { return .late(agrees: true) }
        guard !quarantined.contains(worker) else {
            due.append(Ask(place: place, copy: 0, preferredWorker: trusted.sorted().first))
            return .disbelieved
        }
        if trusted.isEmpty { trusted.insert(worker) }
        durations[place.phase, default: []].append(now - entry.askedAt)
        if durations[place.phase, default: []].count > Self.durationWindow { durations[place.phase]?.removeFirst() }
        let isConfirmed = entry.outputs.contains { $0.hash == hash && $0.worker != worker }
        let first = entry.outputs.first { $0.hash == hash }?.worker
        entry.outputs.removeAll { $0.worker == worker }
        entry.outputs.append((worker, hash))
        open[place] = entry
        if isConfirmed {
            let outvoted = entry.outputs.filter { $0.hash != hash }.map(\.worker)
            quarantined.formUnion(outvoted)
            trusted.formUnion(entry.outputs.filter { $0.hash == hash }.map(\.worker))
            trusted.subtract(outvoted)
            settle(place, hash)
            return first.map { .counted(of: $0) } ?? .counts
        }
        if Set(entry.outputs.map(\.hash)).count >= 3 { return .hopeless }
        if entry.outputs.count == 1, !entry.isAudited, trusted.contains(worker) {
            settle(place, hash)
            return .counts
        }
        open[place]?.waitingSince = entry.waitingSince ?? now
        due.append(anotherCopy(of: place))
        return .waits
    }

    /// A shard whose output has waited for another worker's longer than is worth while, and that worker; its output counts.
    ///
    /// Where there is only one worker nobody can confirm anything.
    package mutating func unconfirmed(now: Int64) -> (place: ShardPlace, worker: String)? {
        for place in open.keys.sorted() {
            guard let entry = open[place], let since = entry.waitingSince, entry.outputs.count == 1,
                now - since > max(patience(place.phase) ?? 0, 3 * Self.leastPatience)
            else { continue }
            settle(place, entry.outputs[0].hash)
            trusted.insert(entry.outputs[0].worker)
            return (place, entry.outputs[0].worker)
        }
        return nil
    }

    /// The output that counted was not what the shard asked for, or the shard failed: somebody else is to be asked.
    ///
    /// - Returns: false when it has failed so often that asking again cannot help.
    package mutating func refuse(_ place: ShardPlace, worker: String, now: Int64) -> Bool {
        counted[place] = nil
        var entry = open[place] ?? Entry(askedAt: now, isAudited: false)
        entry.refusals += 1
        entry.outputs.removeAll { $0.worker == worker }
        open[place] = entry
        due.append(Ask(place: place, copy: 0, preferredWorker: trusted.subtracting([worker]).sorted().first))
        return entry.refusals < Self.refusalLimit
    }

    /// The broker has forgotten everything: all that is missing is to be asked for anew.
    package mutating func forgetAsked() {
        open = open.filter { !$0.value.outputs.isEmpty }
        due = open.keys.sorted().map { anotherCopy(of: $0) }
    }

    /// Drops what belongs to steps that are long over.
    package mutating func forget(before step: UInt32) {
        counted = counted.filter { $0.key.step + 1 >= step }
    }

    private mutating func settle(_ place: ShardPlace, _ hash: ContentHash) {
        open[place] = nil
        counted[place] = hash
    }

    private mutating func anotherCopy(of place: ShardPlace) -> Ask {
        let copy = open[place]?.copies ?? 1
        open[place]?.copies = copy + 1
        return Ask(place: place, copy: copy)
    }

    private func isAudited(_ place: ShardPlace) -> Bool {
        var random = CounterRandom(seed, UInt64(place.step), UInt64(place.phase), UInt64(place.shard))
        return random.nextUnit() < auditShare
    }

    /// Median + 5 MAD of how long shards of the phase took from being asked for; nil while too few have.
    private func patience(_ phase: UInt32) -> Int64? {
        guard let durations = durations[phase], durations.count >= Self.fewestDurations else { return nil }
        func median(_ values: [Int64]) -> Int64 { values.sorted()[values.count / 2] }
        let middle = median(durations)
        return max(middle + 5 * median(durations.map { abs($0 - middle) }), Self.leastPatience)
    }
}
