/// A worker's right to one attempt at a job.
struct Lease {
    let token: Token
    let job: JobID
    let worker: PeerID
    /// Which is the same after the worker's session was lost.
    let workerName: String
    /// Of a clip, unless the lease was adopted: the version that was dispatched.
    let modelVersion: String?
    let grantedAt: Microseconds
    /// The worker's last word on it; 0 until it runs.
    var progress: UInt64 = 0
    var movedAt: Microseconds
    /// When the worker last said that it holds the job.
    var confirmedAt: Microseconds
}

/// Who works on what. A job is held under one lease at most.
struct LeaseTable {
    private let epoch: UInt32
    /// Leases granted; their counters are its lower 32 bits.
    private var granted: UInt64 = 0
    private var leases: [Token: Lease] = [:]
    private var tokens: [JobID: Token] = [:]
    private var former = FormerLeases()
    /// In order of granting, which is the order in which a worker runs them.
    private var byWorker: [PeerID: [Token]] = [:]

    init(epoch: UInt32) { self.epoch = epoch }

    var count: Int { leases.count }
    var all: some Collection<Lease> { leases.values }

    subscript(token: Token) -> Lease? { leases[token] }

    func lease(on job: JobID) -> Lease? { tokens[job].flatMap { leases[$0] } }

    func count(of worker: PeerID) -> Int { byWorker[worker]?.count ?? 0 }

    func held(by worker: PeerID) -> [Lease] { byWorker[worker, default: []].compactMap { leases[$0] } }

    /// What the worker was given under this token, now or before: its right to say how that job ended.
    func right(_ token: Token, of workerName: String) -> Lease? {
        guard let lease = leases[token] ?? former[token], lease.workerName == workerName else { return nil }
        return lease
    }

    mutating func grant(
        _ job: JobID, of modelVersion: String? = nil, to worker: PeerID, named name: String, now: Microseconds
    ) -> Token {
        var token: Token
        repeat {
            granted += 1
            token = Token(epoch: epoch, counter: UInt32(truncatingIfNeeded: granted))
        } while leases[token] != nil
        insert(
            Lease(
                token: token, job: job, worker: worker, workerName: name, modelVersion: modelVersion, grantedAt: now,
                movedAt: now, confirmedAt: now))
        return token
    }

    /// Whether a worker may have this job under a token that names no other lease now: one of this broker's that was
    /// granted to it for this job, or one of a broker before, whose grants nobody knows.
    func mayAdopt(_ token: Token, for job: JobID, by workerName: String) -> Bool {
        guard leases[token] == nil else { return false }
        if token.epoch == epoch { return former[token].map { $0.job == job && $0.workerName == workerName } ?? false }
        return token.epoch < epoch
    }

    /// Makes a lease of what a worker brought along from before a restart or a broken connection.
    mutating func adopt(_ job: JobID, under token: Token, by worker: PeerID, named name: String, now: Microseconds) {
        insert(
            Lease(
                token: token, job: job, worker: worker, workerName: name,
                modelVersion: former[token]?.modelVersion, grantedAt: now, movedAt: now, confirmedAt: now))
    }

    private mutating func insert(_ lease: Lease) {
        precondition(tokens[lease.job] == nil, "\(lease.job) is leased already")
        precondition(leases[lease.token] == nil, "token \(lease.token.rawValue) is in use")
        leases[lease.token] = lease
        tokens[lease.job] = lease.token
        byWorker[lease.worker, default: []].append(lease.token)
    }

    @discardableResult
    mutating func end(_ token: Token, now: Microseconds) -> Lease? {
        guard let lease = leases.removeValue(forKey: token) else { return nil }
        former.remember(lease)
        tokens[lease.job] = nil
        byWorker[lease.worker]?.removeAll { $0 == token }
        if let next = byWorker[lease.worker]?.first {
            // Its turn has come, so its clock starts.
            leases[next]?.movedAt = now
        } else {
            byWorker[lease.worker] = nil
        }
        return lease
    }

    mutating func note(_ progress: Heartbeat.Progress, now: Microseconds) {
        leases[progress.token]?.confirmedAt = now
        guard leases[progress.token]?.progress != progress.counter else { return }
        leases[progress.token]?.progress = progress.counter
        leases[progress.token]?.movedAt = now
    }

    /// What runs too long without progress, and what the worker no longer says it holds, in order of token.
    ///
    /// A job that waits behind others at its worker is not hung, however long it waits.
    func overdue(now: Microseconds, configuration: BrokerConfiguration) -> (hung: [Lease], lost: [Lease]) {
        var hung: [Lease] = []
        var lost: [Lease] = []
        for lease in leases.values {
            let deadline =
                switch lease.job {
                case .clip: configuration.clipDeadline
                case .shard: configuration.shardDeadline
                }
            let itsTurn = lease.progress > 0 || byWorker[lease.worker]?.first == lease.token
            if itsTurn, now - lease.movedAt > deadline {
                hung.append(lease)
            } else if now - lease.confirmedAt > configuration.liveness {
                lost.append(lease)
            }
        }
        return (hung.sorted { $0.token < $1.token }, lost.sorted { $0.token < $1.token })
    }

    /// Which jobs a worker was executing when it died: those that had begun, or else the one that was next.
    func executing(on worker: PeerID) -> [Lease] {
        let held = held(by: worker)
        let begun = held.filter { $0.progress > 0 }
        return begun.isEmpty ? Array(held.prefix(1)) : begun
    }
}
