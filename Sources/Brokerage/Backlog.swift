import Plant

/// The clips that wait for a worker.
///
/// Between sites: deficit round robin over payload bytes, so a site that floods the queue delays itself. Within a site
/// and model: the smallest rank first, where
///
///     rank = moment of acceptance + priority steps * head start,
///
/// so a clip of lower priority is overtaken only by those accepted within a bounded time after it: it ages.
/// Clips whose machine no model scores yet are parked.
struct Backlog {
    struct Entry: Comparable {
        let job: Int64
        let rank: Microseconds
        let bytes: Int

        static func < (left: Self, right: Self) -> Bool { (left.rank, left.job) < (right.rank, right.job) }
        static func == (left: Self, right: Self) -> Bool { left.job == right.job }
    }

    private let quantum: Int
    private var sites: [String: SiteQueue] = [:]
    /// The sites that have work, in the order of their turns; the first one's turn is now.
    private var turns: [String] = []
    private var parked: [MachineName: [(entry: Entry, site: String)]] = [:]
    /// What really waits, by job; a heap entry that is not here with its rank was withdrawn.
    private var waiting: [Int64: Microseconds] = [:]

    init(quantum: Int) {
        precondition(quantum > 0, "the quantum of a site must be positive, got \(quantum)")
        self.quantum = quantum
    }

    var count: Int { waiting.count }

    func contains(_ job: Int64) -> Bool { waiting[job] != nil }

    mutating func add(_ entry: Entry, site: String, machine: MachineName, model: ContentHash?) {
        guard waiting[entry.job] == nil else { return }
        waiting[entry.job] = entry.rank
        guard let model else { return parked[machine, default: []].append((entry, site)) }
        queue(entry, site: site, model: model)
    }

    private mutating func queue(_ entry: Entry, site: String, model: ContentHash) {
        if sites[site] == nil {
            sites[site] = SiteQueue()
            turns.append(site)
        }
        sites[site]?.add(entry, model: model)
    }

    /// Takes a job out, wherever it waits.
    mutating func withdraw(_ job: Int64) { waiting[job] = nil }

    /// The next jobs for one worker: of one site and one model, at most `limit`.
    mutating func next(limit: Int) -> [Int64] {
        while let site = turns.first {
            let turn = sites[site]?.serve(limit: limit, quantum: quantum, waiting: &waiting) ?? .exhausted
            switch turn {
            case .jobs(let jobs):
                return jobs
            case .turnOver:
                turns.append(turns.removeFirst())
            case .exhausted:
                sites[site] = nil
                turns.removeFirst()
            }
        }
        return []
    }

    /// Sorts what waits anew after the models have changed.
    mutating func rearrange(model: (Int64) -> ContentHash?, machine: (Int64) -> MachineName?) {
        let queued = turns.flatMap { site in (sites[site]?.entries ?? []).map { ($0, site) } }
        let asleep = parked.keys.sorted().flatMap { parked[$0] ?? [] }
        sites = [:]
        turns = []
        parked = [:]
        for (entry, site) in queued + asleep where waiting[entry.job] == entry.rank {
            guard let machine = machine(entry.job) else { continue }
            waiting[entry.job] = nil
            add(entry, site: site, machine: machine, model: model(entry.job))
        }
    }
}

/// The waiting clips of one site.
private struct SiteQueue {
    enum Turn {
        case jobs([Int64])
        /// The site has used up its share of this round.
        case turnOver
        case exhausted
    }

    private var queues: [ContentHash: Heap<Backlog.Entry>] = [:]
    /// In order of first use, so that equal ranks are served in a reproducible order.
    private var models: [ContentHash] = []
    private var deficit = 0
    private var turnBegan = false

    var entries: [Backlog.Entry] { models.flatMap { queues[$0]?.unordered.sorted() ?? [] } }

    mutating func add(_ entry: Backlog.Entry, model: ContentHash) {
        if queues[model] == nil {
            queues[model] = Heap()
            models.append(model)
        }
        queues[model]?.insert(entry)
    }

    mutating func serve(limit: Int, quantum: Int, waiting: inout [Int64: Microseconds]) -> Turn {
        guard let model = mostUrgentModel(waiting) else { return .exhausted }
        if !turnBegan {
            deficit += quantum
            turnBegan = true
        }
        var jobs: [Int64] = []
        while jobs.count < limit, let head = head(of: model, waiting), head.bytes <= deficit {
            deficit -= head.bytes
            jobs.append(head.job)
            waiting[head.job] = nil
            _ = queues[model]?.popFirst()
        }
        guard jobs.isEmpty else { return .jobs(jobs) }
        turnBegan = false
        return .turnOver
    }

    private mutating func mostUrgentModel(_ waiting: [Int64: Microseconds]) -> ContentHash? {
        var best: (model: ContentHash, entry: Backlog.Entry)?
        for model in models {
            guard let entry = head(of: model, waiting) else { continue }
            if let chosen = best, chosen.entry < entry { continue }
            best = (model, entry)
        }
        return best?.model
    }

    /// The first entry that still waits; those withdrawn are dropped on the way.
    private mutating func head(of model: ContentHash, _ waiting: [Int64: Microseconds]) -> Backlog.Entry? {
        while let first = queues[model]?.first {
            if waiting[first.job] == first.rank { return first }
            _ = queues[model]?.popFirst()
        }
        queues[model] = nil
        models.removeAll { $0 == model }
        return nil
    }
}
