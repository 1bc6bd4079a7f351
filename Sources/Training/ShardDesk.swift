package import Plant
internal import Tensors
package import Wire

/// Decides how often a shard is computed, and which of its outputs counts.
///
/// The first output counts, unless it has to be confirmed: a small share of shards is, chosen by chance, and in each phase
/// the first output of every worker that has not shown yet that it computes there what the others do. A confirmation is
/// the same output from another worker; where two differ a third decides, and whoever is outvoted is not believed any
/// more. A shard that takes much longer than its like is computed a second time, elsewhere.
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

    /// What became of an output that waited for another worker's longer than is worth while.
    package enum Overdue: Hashable, Sendable {
        /// Nobody else is there: it counts.
        case counts(ShardPlace, worker: String)
        /// These differ and there is no third worker to decide: both are asked once more.
        case again(ShardPlace, workers: [String])
        /// They differ again.
        case undecided(ShardPlace, workers: [String])
    }

    private struct Entry {
        let askedAt: Int64
        /// When a copy was asked for that had been asked for before, and how often; or when the first was.
        var repeatedAt: Int64
        var repeats: UInt32 = 0
        /// Copies asked for so far.
        var copies: UInt32
        var outputs: [(worker: String, hash: ContentHash)] = []
        var isAudited: Bool
        /// When the first output began to wait for another.
        var waitingSince: Int64?
        /// Outputs differed, nobody could decide, and all were asked anew.
        var wasUndecided: Bool
        var refusals = 0
        /// Whose output was refused, and when another worker was asked instead.
        var refused: Set<String> = []
        var refusedAt: Int64?

        init(askedAt: Int64, copies: UInt32 = 1, isAudited: Bool, wasUndecided: Bool = false) {
            (self.askedAt, repeatedAt, self.copies) = (askedAt, askedAt, copies)
            (self.isAudited, self.wasUndecided) = (isAudited, wasUndecided)
        }
    }

    /// Between the copies of a shard under way, and the shards audited.
    private static let copyLimit: UInt32 = 2
    private static let refusalLimit = 8
    private static let fewestDurations = 8
    private static let durationWindow = 101
    /// The least time, milliseconds, after which a shard can be late.
    private static let leastPatience: Int64 = 1_000
    /// How long a shard waits for a worker that has not returned a bad output of it, milliseconds.
    private static let refusalPatience: Int64 = 5_000
    /// How long a shard stays silent before its copies are asked for once more, whoever had them, milliseconds.
    private static let lastPatience: Int64 = 60_000
    /// How long two outputs that differ wait for a third, milliseconds.
    private static let decisionPatience: Int64 = 10_000

    private let auditShare: Double
    private let seed: UInt64
    private var open: [ShardPlace: Entry] = [:]
    /// What counted of the present step and the one before.
    private var counted: [ShardPlace: (hash: ContentHash, worker: String, copies: UInt32)] = [:]
    private var durations: [UInt32: [Int64]] = [:]
    /// By phase, the workers whose output another one has confirmed.
    private var trusted: [UInt32: Set<String>] = [:]
    /// A worker that was alone when nobody could confirm it; until another one returns something.
    private var unchallenged: String?
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
            guard let entry = open[place], entry.outputs.isEmpty else { continue }
            let patience = patience(place.phase)
            if entry.copies < Self.copyLimit, now - entry.askedAt > patience ?? .max {
                asks.append(anotherCopy(of: place))
            } else if let refusedAt = entry.refusedAt, now - refusedAt > max(patience ?? 0, Self.refusalPatience) {
                // Perhaps there is nobody else: the same worker may try again.
                open[place]?.refused = []
                open[place]?.refusedAt = now
                asks.append(oldCopy(of: place, now: now))
            } else if now - entry.repeatedAt > max(4 * (patience ?? 0), Self.lastPatience) {
                asks.append(oldCopy(of: place, now: now))
            }
        }
        return asks
    }

    /// Rules on an output.
    package mutating func take(_ place: ShardPlace, worker: String, hash: ContentHash, now: Int64) -> Ruling {
        if let counted = counted[place] {
            let agrees = counted.hash == hash
            if agrees { trust(worker, and: counted.worker, in: place.phase) }
            return .late(agrees: agrees)
        }
        guard var entry = open[place], !entry.refused.contains(worker) else { return .late(agrees: true) }
        guard !quarantined.contains(worker) else {
            due.append(anotherCopy(of: place, preferring: trusted[place.phase, default: []]))
            open[place]?.refusedAt = now
            return .disbelieved
        }
        if unchallenged != worker { unchallenged = nil }
        durations[place.phase, default: []].append(now - entry.askedAt)
        if durations[place.phase, default: []].count > Self.durationWindow { durations[place.phase]?.removeFirst() }
        let isConfirmed = entry.outputs.contains { $0.hash == hash && $0.worker != worker }
        let first = entry.outputs.first { $0.hash == hash }?.worker
        entry.outputs.removeAll { $0.worker == worker }
        entry.outputs.append((worker, hash))
        entry.refusedAt = nil
        open[place] = entry
        if isConfirmed {
            let outvoted = entry.outputs.filter { $0.hash != hash }.map(\.worker)
            quarantined.formUnion(outvoted)
            trusted[place.phase, default: []].formUnion(entry.outputs.filter { $0.hash == hash }.map(\.worker))
            for phase in trusted.keys { trusted[phase]?.subtract(outvoted) }
            settle(place, hash, of: first ?? worker)
            return first.map { .counted(of: $0) } ?? .counts
        }
        if Set(entry.outputs.map(\.hash)).count >= 3 { return .hopeless }
        if entry.outputs.count == 1, !entry.isAudited, isTrusted(worker, in: place.phase) {
            settle(place, hash, of: worker)
            return .counts
        }
        open[place]?.waitingSince = entry.waitingSince ?? now
        due.append(anotherCopy(of: place))
        return .waits
    }

    /// An output that has waited long enough, where there is one.
    package mutating func overdue(now: Int64) -> Overdue? {
        for place in open.keys.sorted() {
            guard let entry = open[place], let since = entry.waitingSince else { continue }
            let wait = now - since
            let workers = entry.outputs.map(\.worker).sorted()
            let isFirst = unchallenged == nil && trusted.isEmpty
            // Another worker needs about as long as this one did, and may have something else in hand before.
            let patience = max(
                patience(place.phase) ?? 0, (isFirst ? 1 : 3) * Self.leastPatience, 2 * (since - entry.askedAt))
            if entry.outputs.count == 1, wait > patience {
                settle(place, entry.outputs[0].hash, of: workers[0])
                unchallenged = workers[0]
                return .counts(place, worker: workers[0])
            }
            guard entry.outputs.count > 1, wait > max(patience, Self.decisionPatience) else { continue }
            guard !entry.wasUndecided else { return .undecided(place, workers: workers) }
            open[place] = Entry(askedAt: now, copies: 2, isAudited: true, wasUndecided: true)
            due.removeAll { $0.place == place }
            due += [Ask(place: place, copy: 0), Ask(place: place, copy: 1)]
            return .again(place, workers: workers)
        }
        return nil
    }

    /// The output that counted was not what the shard asked for, or the shard failed: it is to be asked for again.
    ///
    /// - Parameter elsewhere: another worker is to be asked; the same one only where no other comes.
    /// - Returns: false when it has failed so often that asking again cannot help.
    package mutating func refuse(_ place: ShardPlace, worker: String, elsewhere: Bool = true, now: Int64) -> Bool {
        let copies = counted.removeValue(forKey: place)?.copies ?? 1
        var entry = open[place] ?? Entry(askedAt: now, copies: copies, isAudited: false)
        entry.refusals += 1
        entry.outputs.removeAll { $0.worker == worker }
        if elsewhere {
            entry.refusedAt = now
            entry.refused.insert(worker)
        }
        open[place] = entry
        due.append(
            elsewhere
                ? anotherCopy(of: place, preferring: trusted[place.phase, default: []].subtracting([worker]))
                : Ask(place: place, copy: 0))
        return entry.refusals < Self.refusalLimit
    }

    /// The broker has forgotten everything: all that is missing is to be asked for anew.
    package mutating func forgetAsked(now: Int64) {
        open = open.filter { !$0.value.outputs.isEmpty || $0.value.refusals > 0 }
        for place in open.keys where open[place]?.waitingSince != nil { open[place]?.waitingSince = now }
        due = open.keys.sorted().map { anotherCopy(of: $0) }
    }

    /// Drops what belongs to steps that are long over.
    package mutating func forget(before step: UInt32) {
        counted = counted.filter { $0.key.step + 1 >= step }
    }

    private mutating func settle(_ place: ShardPlace, _ hash: ContentHash, of worker: String) {
        counted[place] = (hash, worker, open.removeValue(forKey: place)?.copies ?? 1)
    }

    /// Two workers have returned the same, the later one after the shard was counted: that confirms both no less.
    private mutating func trust(_ worker: String, and other: String, in phase: UInt32) {
        guard worker != other, quarantined.isDisjoint(with: [worker, other]) else { return }
        trusted[phase, default: []].formUnion([worker, other])
    }

    private mutating func anotherCopy(of place: ShardPlace, preferring workers: Set<String> = []) -> Ask {
        let copy = open[place]?.copies ?? 1
        open[place]?.copies = copy + 1
        return Ask(place: place, copy: copy, preferredWorker: workers.min())
    }

    /// A copy that was asked for before, each in turn: whoever had it may have it again.
    private mutating func oldCopy(of place: ShardPlace, now: Int64) -> Ask {
        guard let entry = open[place] else { return Ask(place: place, copy: 0) }
        open[place]?.repeatedAt = now
        open[place]?.repeats += 1
        return Ask(place: place, copy: entry.repeats % entry.copies)
    }

    private func isTrusted(_ worker: String, in phase: UInt32) -> Bool {
        unchallenged == worker || trusted[phase, default: []].contains(worker)
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
