internal import Brokerage
internal import Messaging
internal import Plant
internal import Wire

// From messages of the protocol to what the broker is told.

extension WireHello {
    /// What makes this HELLO unusable, nil when nothing does.
    var flaw: WireError? {
        guard Role(role) != nil else { return WireError(.badField, "HELLO of \(peer) names no known role") }
        guard lane == .control || lane == .data else {
            return WireError(.badField, "HELLO of \(peer) does not say which of its two connections this is")
        }
        return nil
    }
}

extension Role {
    init?(_ role: WireRole) {
        switch role {
        case .gateway: self = .gateway
        case .worker: self = .worker
        case .coordinator: self = .coordinator
        case .operator: self = .operator
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }
}

extension Introduction {
    /// - Precondition: the HELLO has no flaw.
    init(_ hello: WireHello, site: String?) {
        self.init(
            role: Role(hello.role) ?? .operator, name: hello.peer, site: site, host: hello.host, process: hello.process,
            credits: Int(hello.credits),
            held: hello.held.map { lease in
                Held(
                    token: Token(rawValue: lease.token),
                    job: lease.hasShard ? .shard(ShardKey(lease.shard)) : .clip(lease.job))
            })
    }
}

extension Heartbeat {
    init(_ heartbeat: WireHeartbeat) {
        self.init(
            progress: heartbeat.progress.map { Progress(token: Token(rawValue: $0.token), counter: $0.counter) },
            credits: Int(heartbeat.credits), draining: heartbeat.draining)
    }
}

extension ShardKey {
    init(_ key: WireShardKey) {
        self.init(run: key.run, step: key.step, phase: key.phase, shard: key.shard, copy: key.copy)
    }
}

extension Shard {
    init(_ work: WireShardWork) {
        self.init(
            key: ShardKey(work.key), kind: work.kind, specification: Array(work.specification),
            preferredWorker: work.preferredWorker)
    }
}

extension Report {
    /// What a RESULT reports, nil when it says nothing.
    ///
    /// - Parameter output: takes the payload in; called for the output of a shard only.
    init?(_ result: WireResult, output: () -> Blob) {
        let token = Token(rawValue: result.token)
        switch result.outcome {
        case .score(let score):
            let ending = ScoreRecord(score, computeMilliseconds: result.computeMilliseconds).map { Ending.scored($0) }
            self.init(token: token, job: .clip(result.job), ending: ending ?? .failed(.notANumber))
        case .shard(let shard):
            guard let hash = ContentHash(bytes: shard.sha256) else { return nil }
            self.init(
                token: token, job: .shard(ShardKey(shard.key)),
                ending: .shard(sha256: hash, output: output(), computeMilliseconds: result.computeMilliseconds))
        case .failure(let failure):
            self.init(
                token: token, job: result.job == 0 ? nil : .clip(result.job),
                ending: .failed(
                    Failure(
                        code: Int(failure.code), reason: failure.reason.madePlain(), permanent: failure.permanent)))
        case nil:
            return nil
        }
    }
}

extension Failure {
    fileprivate static let notANumber = Failure(
        code: Int(WireError.Code.computeFailed.rawValue), reason: "the worker's score is not a finite number",
        permanent: false)
}

extension ScoreRecord {
    /// Nil when a number is infinite or not a number.
    fileprivate init?(_ score: WireScore, computeMilliseconds: Double) {
        let numbers = [score.score, score.logOdds, score.threshold, score.neighbourDistance, computeMilliseconds]
        guard numbers.allSatisfy(\.isFinite) else { return nil }
        self.init(
            modelVersion: score.modelVersion, score: score.score,
            logOdds: score.hasLogOdds ? score.logOdds : nil,
            threshold: score.hasThreshold ? score.threshold : nil, verdict: score.verdict,
            neighbourDistance: score.hasNeighbourDistance ? score.neighbourDistance : nil,
            flags: score.flags, reason: score.reason.isEmpty ? nil : score.reason.madePlain(limit: 200),
            shares: score.shares.map(ScoreShare.init), queueMilliseconds: 0,
            computeMilliseconds: computeMilliseconds)
    }
}
