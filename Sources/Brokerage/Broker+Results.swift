import Plant

/// How jobs end.
extension Broker {
    mutating func finish(_ report: Report, from peer: PeerID, now: Microseconds) {
        workers[peer]?.voided.remove(report.token)
        var lease = leases[report.token]
        if lease?.worker != peer || (report.job != nil && report.job != lease?.job) { lease = nil }
        if lease != nil {
            leases.end(report.token, now: now)
            workers[peer]?.finished += 1
        } else if !outbox.awaits(report.token) {
            counters.stale += 1
        }
        switch (report.job ?? lease?.job, report.ending) {
        case (let job?, .failed(let failure)):
            guard lease != nil else { return acknowledgeFailure(report.token, job, to: peer) }
            let acknowledgement = Outbox.Acknowledgement(peer: peer, token: report.token)
            charge(job, failure, worker: workers[peer]?.name ?? "", acknowledging: [acknowledgement], now: now)
        case (nil, .failed):
            acknowledgeFailure(report.token, .clip(0), to: peer)
        case (.clip(let number)?, .scored(let score)):
            conclude(number, score, lease, report.token, from: peer, now: now)
        case (.shard(let key)?, .shard(let sha256, let output, let milliseconds)):
            tell(peer, .acknowledge(report.token, .shard(key)))
            let ending = ShardDone.Ending.output(
                sha256: sha256, .memory(output), computeMilliseconds: milliseconds)
            conclude(key, ending, worker: workers[peer]?.name ?? "", now: now)
            actions.append(.release(output))
        default:
            counters.rejected += 1
            Message.result(report).blob.map { actions.append(.release($0)) }
        }
    }

    /// A failure under a void lease says nothing about the job.
    private mutating func acknowledgeFailure(_ token: Token, _ job: JobID, to peer: PeerID) {
        guard !outbox.awaits(token) else { return }
        tell(peer, .acknowledge(token, job))
    }

    /// The first result of a clip counts, also when its lease is void: scoring is pure, a late result is as good.
    private mutating func conclude(
        _ number: Int64, _ score: ScoreRecord, _ lease: Lease?, _ token: Token, from peer: PeerID, now: Microseconds
    ) {
        let acknowledgement = Outbox.Acknowledgement(peer: peer, token: token)
        guard let job = clips[number] else {
            // Not open: its outcome is committed. Unless not every open clip is known yet; the worker will repeat.
            if recovery.isComplete, token.epoch <= epoch { tell(peer, .acknowledge(token, .clip(number))) }
            return
        }
        guard job.state != .concluded else { return outbox.join(number, acknowledgement) }
        if let other = leases.lease(on: .clip(number)) { void(other, now: now) }
        var score = score
        if job.isRepeat { score.flags.append("repeated") }
        let waited = (lease?.grantedAt ?? now) - job.acceptedAt
        score.queueMilliseconds = Double(max(waited, 0)) / 1_000
        let record = OutcomeRecord(
            job: number, attempt: job.attempt, worker: workers[peer]?.name ?? "", ending: .scored(score))
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
            clips.remove(entry.record.job)
            desk.isCommitted(entry.record.job)
            if case .scored = entry.record.ending { counters.scored += 1 } else { counters.dead += 1 }
            report(entry.record)
        }
    }

    /// Tells those who follow a clip how it ended.
    mutating func report(_ record: OutcomeRecord) {
        for follower in followers.take(record.job) { tell(follower.peer, .outcome(key: follower.key, record)) }
    }
}
