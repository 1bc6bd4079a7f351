import Brokerage
import Plant
import Wire

/// What the queue promises, looked at from outside.
extension World {
    /// ACCEPTED: the bytes are durable and the row is committed.
    func checkAcceptance(of key: String, _ job: Int64) {
        guard let row = ledger.rows[job], ledger.originalKey(row.key) == key else {
            return violations.append("\(key) was accepted as job \(job), and the ledger does not know it")
        }
        if !disk.isDurable(row.location), !disk.isHarmed(row.location) {
            violations.append("\(key) was accepted before its bytes were durable")
        }
    }

    /// What stands for the bytes of a clip as its gateway has them.
    func content(of clip: ClipRecord) -> Int? {
        let key = ledger.originalKey(clip.key)
        return gateways.flatMap(\.clips).first { $0.record.key == key }?.content
    }

    /// RESULT_ACK: the outcome is committed.
    func checkAcknowledgement(_ number: Int, _ token: Token, _ job: JobID) {
        guard case .clip(let clip) = job,
            let held = workers[number].jobs.first(where: { $0.token == token })?.job, case .finished = held.state,
            case .score(let record, _) = held.dispatch.work, record.name != "hopeless", record.name != "flaky"
        else { return }
        // A revived clip had an outcome, and an operator took it back.
        if ledger.outcome(of: clip) == nil, !ledger.revived.contains(clip) {
            violations.append("job \(clip) was acknowledged and has no outcome")
        }
    }

    /// What a turn of a broker hands out is due, and nobody gets more than it has asked for.
    func checkFairness(of actions: [Action], _ slot: Int) {
        guard let broker = brokers[slot] else { return }
        var given: [WaitingClip] = []
        for case .tell(let peer, .dispatch(let dispatch), _) in actions {
            if let load = broker.broker.load(of: peer), load.leases > load.credits {
                violations.append("a worker holds \(load.leases) jobs and has asked for \(load.credits)")
            }
            guard case .clip(let job) = dispatch.job, let clip = broker.broker.clip(job) else { continue }
            if !clip.runsAlone { given.append(clip) }
        }
        guard !given.isEmpty || broker.fairness.isWatching else { return }
        violations += broker.fairness.violations(of: given, line: broker.broker.line)
    }

    /// The number of a result that the database refuses.
    private static let unrecordable = Int(WireError.Code.unrecordable.rawValue)

    /// When all is done: everything accepted has its one outcome, and nothing is left behind.
    func checkTheEnd() {
        for (job, row) in ledger.rows.sorted(by: { $0.key < $1.key }) {
            let key = ledger.originalKey(row.key)
            guard let outcome = ledger.outcome(of: job) else {
                violations.append("job \(job) (\(key)) was accepted and never ended")
                continue
            }
            let content = content(of: row)
            if disk.bytes(at: row.location) != content, !disk.isHarmed(row.location) {
                violations.append("job \(job) (\(key)) was accepted, and its bytes are gone or another clip's")
            }
            if case .dead(let code, _) = outcome.ending, code == Self.unrecordable, row.name != "unspeakable" {
                violations.append(
                    "job \(job) (\(key)) could be scored, and trouble of the database was held against it")
            }
            if case .scored(let score) = outcome.ending, score.score != Double(content ?? -1) {
                violations.append("job \(job) (\(key)) has the score of another clip")
            }
            if case .dead(let code, _) = outcome.ending, code == Int(WireError.Code.damagedContent.rawValue),
                !disk.isHarmed(row.location)
            {
                violations.append("job \(job) (\(key)) was called damaged, and is not")
            }
        }
        for clip in gateways.flatMap(\.clips) where clip.refusal != nil && clip.record.name != "unstorable" {
            violations.append("\(clip.record.key) could be stored, and was turned away")
        }
        for broker in brokers.compactMap(\.self) {
            let status = broker.broker.status
            if status.leased > 0 || status.queuedClips > 0 || status.unwrittenResults > 0 {
                guard ledger.isCurrent(broker.broker.epoch) else { continue }
                violations.append("left behind: \(status)")
            }
            if !broker.blobs.isEmpty, ledger.isCurrent(broker.broker.epoch) {
                violations.append("\(broker.blobs.count) payloads were left in memory")
            }
        }
    }
}
