import Brokerage
import Plant

/// A worker: runs what it holds one by one, and keeps each result until it is acknowledged.
struct SimulatedWorker {
    enum State {
        case waiting
        case running(counter: UInt64, until: Microseconds)
        case finished(sentAt: Microseconds)
    }

    struct Job {
        let dispatch: Dispatch
        /// What the payload stood for; nil for a shard.
        let content: Int?
        var state: State = .waiting
    }

    let name: String
    let credits: Int
    var session: Int
    /// The highest broker epoch it has heard of.
    private(set) var epoch: UInt32 = 0
    private(set) var isWelcome = false
    private(set) var jobs: [(token: Token, job: Job)] = []
    private var nextHeartbeat: Microseconds = 0

    init(name: String, credits: Int, session: Int) {
        self.name = name
        self.credits = credits
        self.session = session
    }

    mutating func restart(session: Int) {
        self = SimulatedWorker(name: name, credits: credits, session: session)
    }

    mutating func reconnect() { isWelcome = false }

    /// - Parameter duration: of the next job, microseconds.
    mutating func tick(now: Microseconds, duration: () -> Microseconds) -> [Message] {
        var said: [Message] = []
        for index in jobs.indices {
            if case .running(_, let until) = jobs[index].job.state, now >= until {
                jobs[index].job.state = .finished(sentAt: .min)
            }
        }
        if !jobs.contains(where: { if case .running = $0.job.state { true } else { false } }),
            let next = jobs.firstIndex(where: { if case .waiting = $0.job.state { true } else { false } })
        {
            jobs[next].job.state = .running(counter: 1, until: now + duration())
        }
        if now >= nextHeartbeat {
            nextHeartbeat = now + 1_000_000
            said.append(isWelcome ? heartbeat() : hello())
        }
        return isWelcome ? said + results(now: now) : said
    }

    /// The job that runs now.
    var running: Job? {
        jobs.first { if case .running = $0.job.state { true } else { false } }?.job
    }

    private func hello() -> Message {
        let held = jobs.map { Introduction.Held(token: $0.token, job: $0.job.dispatch.job) }
        return .hello(Introduction(role: .worker, name: name, credits: credits, held: held))
    }

    private mutating func heartbeat() -> Message {
        var progress: [Heartbeat.Progress] = []
        for index in jobs.indices {
            switch jobs[index].job.state {
            case .waiting: progress.append(.init(token: jobs[index].token, counter: 0))
            case .running(let counter, let until):
                jobs[index].job.state = .running(counter: counter + 1, until: until)
                progress.append(.init(token: jobs[index].token, counter: counter + 1))
            case .finished: break
            }
        }
        return .heartbeat(Heartbeat(progress: progress, credits: credits))
    }

    private mutating func results(now: Microseconds) -> [Message] {
        var said: [Message] = []
        for index in jobs.indices {
            guard case .finished(let sentAt) = jobs[index].job.state, sentAt == .min || now - sentAt > 2_000_000 else {
                continue
            }
            jobs[index].job.state = .finished(sentAt: now)
            said.append(.result(report(jobs[index].job)))
        }
        return said
    }

    private func report(_ job: Job) -> Report {
        let token = job.dispatch.token
        switch job.dispatch.work {
        case .shard(let shard):
            let output = Blob(Int(shard.key.shard), byteCount: 100)
            let hash = ContentHash(of: [UInt8(truncatingIfNeeded: shard.key.shard)])
            return Report(
                token: token, job: job.dispatch.job,
                ending: .shard(sha256: hash, output: output, computeMilliseconds: 1))
        case .score(let clip, let champion):
            if clip.name == "hopeless" {
                return Report(
                    token: token, job: job.dispatch.job,
                    ending: .failed(Failure(code: 300, reason: "not audio", permanent: true)))
            }
            if clip.name == "flaky", job.dispatch.attempt == 1 {
                return Report(
                    token: token, job: job.dispatch.job,
                    ending: .failed(Failure(code: 409, reason: "bad luck", permanent: false)))
            }
            let score = ScoreRecord(
                modelVersion: champion.modelVersion, score: Double(job.content ?? -1), logOdds: nil, threshold: nil,
                verdict: "normal", neighbourDistance: nil, flags: [], queueMilliseconds: 0, computeMilliseconds: 1)
            return Report(token: token, job: job.dispatch.job, ending: .scored(score))
        }
    }

    mutating func take(_ dispatch: Dispatch, content: Int?) {
        guard isWelcome, dispatch.token.epoch >= epoch, !jobs.contains(where: { $0.token == dispatch.token }) else {
            return
        }
        jobs.append((dispatch.token, Job(dispatch: dispatch, content: content)))
    }

    mutating func hear(_ answer: Answer, now: Microseconds) {
        switch answer {
        case .welcome(let epoch):
            // A broker that was replaced is not listened to.
            guard epoch >= self.epoch else { return }
            self.epoch = epoch
            isWelcome = true
            for index in jobs.indices {
                if case .finished = jobs[index].job.state { jobs[index].job.state = .finished(sentAt: .min) }
            }
        case .reject(_, .sayHello):
            isWelcome = false
            nextHeartbeat = now
        case .acknowledge(let token, _), .cancel(let token): jobs.removeAll { $0.token == token }
        default: break
        }
    }
}
