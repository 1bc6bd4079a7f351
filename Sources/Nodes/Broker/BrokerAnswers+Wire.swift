internal import Brokerage
internal import FoundationEssentials
internal import Plant
internal import SwiftProtobuf
internal import Wire

// From what the broker says to messages of the protocol.

extension Answer {
    /// The bytes that go along.
    var payload: Payload {
        switch self {
        case .dispatch(let dispatch): dispatch.payload
        case .content(_, let payload, _): payload
        case .shardDone(let done):
            if case .output(_, let payload, _) = done.ending { payload } else { .none }
        default: .none
        }
    }
}

extension ContentHash {
    var data: Data { Data(bytes) }
}

extension WireWelcome {
    init(epoch: UInt32, minor: UInt8, configuration: BrokerConfiguration) {
        self.init()
        self.epoch = UInt64(clamping: epoch)
        minorVersion = UInt32(clamping: minor)
        limits.heartbeatMilliseconds = UInt32(clamping: configuration.heartbeatInterval / 1_000)
        limits.missedHeartbeats = UInt32(clamping: configuration.missedHeartbeats)
        limits.payloadBytes = UInt64(clamping: configuration.payloadLimit)
        limits.partBytes = UInt32(clamping: MessageLimits.partBytes)
        limits.creditBytes = UInt64(clamping: configuration.creditBytes)
    }
}

extension WireDispatch {
    init(_ dispatch: Dispatch) {
        self.init()
        token = dispatch.token.rawValue
        attempt = UInt32(clamping: dispatch.attempt)
        if case .clip(let number) = dispatch.job { job = number }
        switch dispatch.work {
        case .score(let clip, let champion): score = WireScoreWork(clip, champion)
        case .shard(let work): shard = WireShardWork(work)
        }
    }
}

extension WireScoreWork {
    init(_ clip: ClipRecord, _ champion: Champion) {
        self.init()
        machine.type = clip.machine.type
        machine.id = clip.machine.id
        format = clip.format == .audio ? .audio : .logMel
        name = clip.name
        channel = UInt32(clamping: clip.channel)
        modelVersion = champion.modelVersion
        modelSha256 = champion.modelHash.data
        guard let record = clip.feature else { return }
        feature.sampleRateHz = UInt32(clamping: record.sampleRateHz)
        feature.fftLength = UInt32(clamping: record.fftLength)
        feature.hopLength = UInt32(clamping: record.hopLength)
        feature.melBands = UInt32(clamping: record.melBands)
        feature.reflectPadding = record.reflectPadding
    }
}

extension WireShardWork {
    init(_ shard: Shard) {
        self.init()
        key = WireShardKey(shard.key)
        kind = shard.kind
        specification = Data(shard.specification)
        preferredWorker = shard.preferredWorker
    }
}

extension WireShardKey {
    init(_ key: ShardKey) {
        self.init()
        run = key.run
        step = key.step
        phase = key.phase
        shard = key.shard
        copy = key.copy
    }
}

extension WireShardDone {
    init(_ done: ShardDone) {
        self.init()
        key = WireShardKey(done.key)
        worker = done.worker
        switch done.ending {
        case .output(let hash, _, let milliseconds):
            sha256 = hash.data
            computeMilliseconds = milliseconds
        case .failed(let failure): self.failure = WireFailure(failure)
        }
    }
}

extension WireFailure {
    init(_ failure: Brokerage.Failure) {
        self.init()
        code = UInt32(clamping: failure.code)
        reason = failure.reason
        permanent = failure.permanent
    }
}

extension WireOutcome {
    init(key: String, _ record: OutcomeRecord) {
        self.init()
        self.key = key
        job = record.job
        switch record.ending {
        case .scored(let record):
            score = WireScore(record)
            queueMilliseconds = record.queueMilliseconds
        case .dead(let code, let reason), .failedAttempt(let code, let reason):
            failure = WireFailure(Failure(code: code, reason: reason, permanent: true))
        }
    }
}

extension WireScore {
    init(_ record: ScoreRecord) {
        self.init()
        modelVersion = record.modelVersion
        score = record.score
        record.logOdds.map { logOdds = $0 }
        record.threshold.map { threshold = $0 }
        record.neighbourDistance.map { neighbourDistance = $0 }
        verdict = record.verdict
        flags = record.flags
        reason = record.reason ?? ""
        shares = record.shares.map(\.message)
        computeMilliseconds = record.computeMilliseconds
    }
}

extension WireStatus {
    init(_ report: StatusReport) {
        self.init()
        epoch = UInt64(clamping: report.epoch)
        queuedClips = UInt64(clamping: report.queuedClips)
        queuedShards = UInt64(clamping: report.queuedShards)
        leased = UInt64(clamping: report.leased)
        unwrittenResults = UInt64(clamping: report.unwrittenResults)
        accepted = UInt64(clamping: report.counters.accepted)
        scored = UInt64(clamping: report.counters.scored)
        dead = UInt64(clamping: report.counters.dead)
        workers = report.workers.map { worker in
            .with {
                $0.name = worker.name
                $0.host = worker.host
                $0.process = worker.process
                $0.leased = UInt32(clamping: worker.leased)
                $0.credits = UInt32(clamping: worker.credits)
                $0.draining = worker.draining
                $0.finished = UInt64(clamping: worker.finished)
                $0.doing = worker.doing
            }
        }
    }
}

extension Refusal {
    /// The refusal as the protocol numbers it, with a sentence about this case.
    var error: WireError {
        switch self {
        case .sayHello: WireError(.notWelcomed, "say HELLO first: this broker does not know this session")
        case .superseded:
            WireError(.duplicatePeer, "another peer has come under this name and takes over: give each its own name")
        case .unknownMachine(let machine):
            WireError(.unknownMachine, "no model scores \(machine): promote one that knows it, or check the name")
        case .overCredit(let limit):
            WireError(.overCredit, "more than \(limit) bytes are unanswered: wait for ACCEPTED before sending more")
        case .payloadTooLarge(let byteCount, let limit):
            WireError(.tooLarge, "the payload has \(byteCount) bytes, at most \(limit) are allowed")
        case .damagedPayload:
            WireError(.wrongSHA256, "the payload does not have the SHA-256 it was announced with: send it again")
        case .keyConflict: WireError(.keyConflict, "this key was used before for other bytes: choose another")
        case .overQuota(let site, let limit):
            WireError(.overQuota, "site \(site) has pushed as much today as it may, \(limit) bytes")
        case .tooManySites(let limit):
            WireError(.unknownSite, "clips of \(limit) sites were taken since the broker started, and this is another")
        case .tooManyMachines(let limit):
            WireError(
                .unknownMachine, "clips of \(limit) machines were taken since the broker started, and this is another")
        case .unknownJob(let job):
            WireError(.unknownJob, "no accepted clip of this gateway has this key and the number \(job)")
        case .unknownContent(let hash): WireError(.unknownContent, "nobody has put content \(hash)")
        case .damagedContent(let hash):
            WireError(
                .damagedContent,
                "the stored bytes of the content \(hash) are damaged: import its dataset or model again")
        case .unreadableContent(let hash):
            WireError(.unreadableContent, "the stored bytes of the content \(hash) cannot be read now")
        case .unknownWorker(let name): WireError(.noSuchWorker, "no worker named \"\(name)\" is connected")
        case .refusedByDatabase(let reason): WireError(.badField, "the database refuses the clip: \(reason)")
        }
    }
}
