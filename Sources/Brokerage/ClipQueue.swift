import Plant

/// All accepted clips without a committed outcome, and the order in which they run.
struct ClipQueue {
    private struct Pause: Comparable {
        let until: Microseconds
        let job: Int64

        static func < (left: Self, right: Self) -> Bool { (left.until, left.job) < (right.until, right.job) }
    }

    private let priorityStep: Microseconds
    private let deathsBeforeIsolation: Int
    private var jobs: [Int64: ClipJob] = [:]
    private var backlog: Backlog
    private var pauses = Heap<Pause>()
    /// Suspects of killing workers, oldest first; each runs alone.
    private(set) var isolated: [Int64] = []
    /// Recovered clips that a worker may still claim.
    private var reserved: [Int64] = []

    init(configuration: BrokerConfiguration) {
        priorityStep = configuration.priorityStep
        deathsBeforeIsolation = configuration.retry.deathsBeforeIsolation
        backlog = Backlog(quantum: configuration.siteQuantum)
    }

    var count: Int { jobs.count }
    var all: some Collection<ClipJob> { jobs.values }
    /// Clips that could run now if there were a worker and a model for them.
    var backlogCount: Int { backlog.count + isolated.count }

    subscript(job: Int64) -> ClipJob? { jobs[job] }

    /// It waits its turn like everybody.
    func isInLine(_ job: Int64) -> Bool { backlog.contains(job) }

    /// Takes a clip in; false when it is here already.
    mutating func admit(_ job: ClipJob, model: ContentHash?, reserve: Bool = false) -> Bool {
        guard jobs[job.number] == nil else { return false }
        jobs[job.number] = job
        if reserve {
            reserved.append(job.number)
        } else {
            enqueue(job.number, model: model)
        }
        return true
    }

    private mutating func enqueue(_ number: Int64, model: ContentHash?) {
        guard let job = jobs[number] else { return }
        jobs[number]?.state = .waiting
        guard job.deaths < deathsBeforeIsolation else { return isolated.append(number) }
        let headStart: Microseconds =
            switch job.clip.priority {
            case .urgent: 0
            case .normal: priorityStep
            case .bulk: 2 * priorityStep
            }
        let entry = Backlog.Entry(
            job: number, rank: job.acceptedAt + headStart, bytes: Int(job.clip.location.length))
        backlog.add(entry, site: job.clip.site, machine: job.clip.machine, model: model)
    }

    /// The next clips for one worker, of one model; they are leased now.
    mutating func next(limit: Int) -> [Int64] {
        let numbers = backlog.next(limit: limit)
        for number in numbers { jobs[number]?.state = .leased }
        return numbers
    }

    /// Leases a clip that waits, to whoever claims it or must run it alone.
    mutating func lease(_ number: Int64) {
        withdraw(number)
        jobs[number]?.state = .leased
    }

    /// Puts a clip back in line at its old rank.
    mutating func requeue(_ number: Int64, model: ContentHash?) {
        enqueue(number, model: model)
    }

    /// Lets a clip wait for its next attempt.
    mutating func pause(_ number: Int64, until: Microseconds) {
        guard jobs[number] != nil else { return }
        jobs[number]?.state = .pausing
        pauses.insert(Pause(until: until, job: number))
    }

    mutating func countFailure(_ number: Int64, death: Bool) {
        jobs[number]?.failures += 1
        if death { jobs[number]?.deaths += 1 }
    }

    /// Puts back in line what has paused long enough.
    mutating func wake(now: Microseconds, model: (ClipRecord) -> ContentHash?) {
        while let pause = pauses.first, pause.until <= now {
            _ = pauses.popFirst()
            guard let job = jobs[pause.job], job.state == .pausing else { continue }
            enqueue(pause.job, model: model(job.clip))
        }
    }

    /// Nobody may claim recovered clips any more: they get in line.
    mutating func endReservations(model: (ClipRecord) -> ContentHash?) {
        for number in reserved {
            guard let job = jobs[number], job.state == .waiting else { continue }
            enqueue(number, model: model(job.clip))
        }
        reserved = []
    }

    mutating func rearrange(model: (ClipRecord) -> ContentHash?) {
        backlog.rearrange(
            model: { [jobs] in jobs[$0].flatMap { model($0.clip) } },
            machine: { [jobs] in jobs[$0]?.clip.machine })
    }

    /// The clip's outcome is known; returns its payload if it is still in memory.
    mutating func conclude(_ number: Int64) -> Blob? {
        withdraw(number)
        jobs[number]?.state = .concluded
        return takeBlob(of: number)
    }

    mutating func takeBlob(of number: Int64) -> Blob? {
        defer { jobs[number]?.blob = nil }
        return jobs[number]?.blob
    }

    /// The clip's outcome is committed.
    mutating func remove(_ number: Int64) { jobs[number] = nil }

    private mutating func withdraw(_ number: Int64) {
        guard jobs[number]?.state == .waiting else { return }
        backlog.withdraw(number)
        isolated.removeAll { $0 == number }
        reserved.removeAll { $0 == number }
    }
}
