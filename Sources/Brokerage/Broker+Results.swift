import Plant

/// How jobs end.
extension Broker {
    /// A worker says how a job ended that it was given under this token, and no other.
    mutating func finish(_ report: Report, from peer: PeerID, _ request: RequestID?, now: Microseconds) {
        let worker = workers[peer]?.name ?? ""
        workers[peer]?.voided.remove(report.token)
        let isHeld = leases[report.token]?.worker == peer
        guard let right = leases.right(report.token, of: worker), report.job == nil || report.job == right.job else {
            return ignore(report, from: peer)
        }
        if isHeld {
            leases.end(report.token, now: now)
            workers[peer]?.finished += 1
        } else if !outbox.awaits(report.token) {
            noteStale(peer)
        }
        switch (right.job, report.ending) {
        case (let job, .failed(let failure)):
            // A failure under a void lease says nothing about the job.
            guard isHeld else { return acknowledgeFailure(report.token, job, to: peer, request) }
            let acknowledgement = Outbox.Acknowledgement(peer: peer, token: report.token)
            charge(job, failure, worker: worker, acknowledging: [acknowledgement], now: now)
        case (.clip(let number), .scored(let score)):
            conclude(number, score, right, isHeld: isHeld, from: peer, request, now: now)
        case (.shard(let key), .shard(let sha256, let output, let milliseconds)):
            tell(peer, .acknowledge(report.token, right.job), to: request)
            let ending = ShardDone.Ending.output(
                sha256: sha256, .memory(output), computeMilliseconds: milliseconds)
            conclude(key, ending, worker: worker, now: now)
            actions.append(.release(output))
        default:
            counters.rejected += 1
            Message.result(report).blob.map { actions.append(.release($0)) }
            let failure = Failure.otherKind
            guard isHeld else { return acknowledgeFailure(report.token, right.job, to: peer, request) }
            let acknowledgement = Outbox.Acknowledgement(peer: peer, token: report.token)
            charge(right.job, failure, worker: worker, acknowledging: [acknowledgement], now: now)
        }
    }

    /// A report under a token that this worker was not given: what it says is not believed.
    private mutating func ignore(_ report: Report, from peer: PeerID) {
        Message.result(report).blob.map { actions.append(.release($0)) }
        noteStale(peer)
        // What an earlier broker granted may be adopted as soon as it is known here; the worker repeats it then.
        if recovery.isClaimed(report.token) || !recovery.isComplete && report.token.epoch < epoch { return }
        tell(peer, .cancel(report.token))
    }

    private mutating func noteStale(_ peer: PeerID) {
        counters.stale += 1
        actions.append(.stale(peer))
    }

    private mutating func acknowledgeFailure(_ token: Token, _ job: JobID, to peer: PeerID, _ request: RequestID?) {
        guard !outbox.awaits(token) else { return }
        tell(peer, .acknowledge(token, job), to: request)
    }

    /// The first result of a clip counts, also when its lease is void: scoring is pure, a late result is as good. It must
    /// be of the version that was asked for.
    private mutating func conclude(
        _ number: Int64, _ score: ScoreRecord, _ lease: Lease, isHeld: Bool, from peer: PeerID, _ request: RequestID?,
        now: Microseconds
    ) {
        let acknowledgement = Outbox.Acknowledgement(peer: peer, token: lease.token)
        guard let job = clips[number] else {
            // Not open: its outcome is committed. Unless not every open clip is known yet; the worker will repeat.
            if recovery.isComplete { tell(peer, .acknowledge(lease.token, .clip(number)), to: request) }
            return
        }
        guard job.state != .concluded else { return outbox.join(number, acknowledgement) }
        // An earlier broker dispatched it, presumably what the machine's champion was then.
        let version = lease.modelVersion ?? champions[job.clip.machine]?.modelVersion ?? score.modelVersion
        guard score.modelVersion == version else {
            guard isHeld else { return acknowledgeFailure(lease.token, .clip(number), to: peer, request) }
            guard lease.modelVersion != nil else {
                tell(peer, .cancel(lease.token))
                return putBack(.clip(number), now: now)
            }
            return charge(
                .clip(number), .otherVersion(score.modelVersion, insteadOf: version), worker: lease.workerName,
                acknowledging: [acknowledgement], now: now)
        }
        if let other = leases.lease(on: .clip(number)) { void(other, now: now) }
        var score = score
        if job.isRepeat { score.flags.append("repeated") }
        let waited = (isHeld ? lease.grantedAt : now) - job.acceptedAt
        score.queueMilliseconds = Double(max(waited, 0)) / 1_000
        let record = OutcomeRecord(
            job: number, attempt: job.attempt, worker: lease.workerName, ending: .scored(score))
        settle(record, acknowledging: [acknowledgement], now: now)
    }

    /// Puts the outcome of a clip on its way to the ledger.
    mutating func settle(
        _ record: OutcomeRecord, acknowledging: [Outbox.Acknowledgement], now: Microseconds
    ) {
        clips.conclude(record.job).map { drop($0) }
        outbox.add(record, acknowledging: acknowledging, now: now)
    }

    // MARK: attempts that failed

    /// Charges a job with a failure: it is tried again after a pause, or given up.
    mutating func charge(
        _ job: JobID, _ failure: Failure, worker: String, death: Bool = false,
        acknowledging: [Outbox.Acknowledgement] = [], now: Microseconds
    ) {
        switch job {
        case .clip(let number):
            clips.countFailure(number, death: death)
            guard let clip = clips[number] else { return }
            let failures = clip.failures - clip.forgiven
            let final = verdict(failure, failures: failures, deaths: clip.deaths)
            let ending: OutcomeRecord.Ending =
                final.map { .dead(code: $0.code, reason: $0.reason) }
                ?? .failedAttempt(code: failure.code, reason: failure.reason)
            let record = OutcomeRecord(job: number, attempt: clip.failures, worker: worker, ending: ending)
            guard final == nil else { return settle(record, acknowledging: acknowledging, now: now) }
            outbox.add(record, acknowledging: acknowledging, now: now)
            clips.pause(number, until: retryTime(failures: failures, death: death, now: now))
        case .shard(let key):
            for acknowledgement in acknowledging {
                tell(acknowledgement.peer, .acknowledge(acknowledgement.token, job))
            }
            shards.countFailure(key, death: death)
            guard let shard = shards[key] else { return }
            if let final = verdict(failure, failures: shard.failures, deaths: shard.deaths) {
                return conclude(key, .failed(final), worker: worker, now: now)
            }
            shards.requeue(key, notBefore: retryTime(failures: shard.failures, death: death, now: now))
        }
    }

    /// The failure to report when a job is given up, nil while it is tried again.
    private func verdict(_ failure: Failure, failures: Int, deaths: Int) -> Failure? {
        if failure.permanent { return failure }
        if deaths >= configuration.retry.deathsBeforePoison { return .poison(deaths: deaths) }
        return failures >= configuration.retry.attempts ? .exhausted(attempts: failures, last: failure) : nil
    }

    /// A job whose worker died runs elsewhere at once; one that failed waits.
    private mutating func retryTime(failures: Int, death: Bool, now: Microseconds) -> Microseconds {
        death ? now : now + configuration.retry.pause(afterFailures: failures, dice: &dice)
    }

    /// Puts a job back in line, uncharged.
    mutating func putBack(_ job: JobID, now: Microseconds) {
        switch job {
        case .clip(let number):
            guard let clip = clips[number]?.clip else { return }
            clips.requeue(number, model: model(for: clip))
        case .shard(let key):
            shards.requeue(key, notBefore: now)
        }
    }

    // MARK: commits

    mutating func outcomesAreCommitted(batch: Int) {
        for entry in outbox.recorded(batch: batch) {
            for acknowledgement in entry.acknowledgements {
                tell(acknowledgement.peer, .acknowledge(acknowledgement.token, .clip(entry.record.job)))
            }
            guard entry.isFinal else { continue }
            let owner = clips[entry.record.job].map { Owner($0.clip) }
            clips.remove(entry.record.job)
            desk.isCommitted(entry.record.job)
            if case .scored = entry.record.ending { counters.scored += 1 } else { counters.dead += 1 }
            if let owner { report(entry.record, to: owner) }
        }
    }
}
