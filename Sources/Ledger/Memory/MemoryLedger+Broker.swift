package import Plant
internal import Synchronization

extension MemoryLedger: BrokerLedger {
    package func openEpoch(holder: String) throws -> UInt32 {
        state.withLock { state in
            state.epoch += 1
            state.epochHolder = holder
            beginDay(at: nil, &state)
            return state.epoch
        }
    }

    package func settle(epoch: UInt32, at time: Int64?) throws {
        try state.withLock { state in
            try state.checkEpoch(epoch)
            beginDay(at: time, &state)
            if guards.contains(.openIsListed) {
                let passed = state.clips.filter { $0.job > state.settled && state.isOpen($0) }
                state.openBehind.formUnion(passed.map(\.job))
            }
            state.openBehind = state.openBehind.filter { state.isOpen($0) }
            state.settled = max(state.settled, state.newestJob)
        }
    }

    private func beginDay(at time: Int64?, _ state: inout State) {
        let today = Int((time ?? now()) / Self.day)
        let next =
            guards.contains(.daysGrow)
            ? JobDay.next(after: state.days.last, today: today) : JobDay(number: today, calendar: today)
        guard next != state.days.last else { return }
        state.days.append(next)
        if guards.contains(.daysGrow) { state.counterBefore = state.counter }
    }

    package func accept(_ clips: [ClipRecord], epoch: UInt32) throws -> [Acceptance] {
        try state.withLock { state in
            try state.checkEpoch(epoch)
            return clips.map { clip in
                let key = SiteKey(clip)
                if let job = state.jobs[key], let first = state.clip(job)?.record {
                    return Acceptance(
                        key: clip.key, job: job, duplicate: true, sameContent: first.sha256 == clip.sha256)
                }
                state.counter += 1
                let job = state.newestJob
                state.places[job] = state.clips.count
                state.clips.append(AcceptedClip(job: job, record: clip, acceptedAt: now()))
                state.jobs[key] = job
                return Acceptance(key: clip.key, job: job, duplicate: false, sameContent: true)
            }
        }
    }

    package func record(_ outcomes: [OutcomeRecord], epoch: UInt32) throws {
        try state.withLock { state in
            try state.checkEpoch(epoch)
            let known = outcomes.filter { outcome in state.clip(outcome.job)?.isDropped == false }
            for outcome in known {
                guard case .scored(let score) = outcome.ending, state.deadLetters[outcome.job] == nil else { continue }
                let isThere = state.results[outcome.job, default: []].contains { $0.modelVersion == score.modelVersion }
                guard !isThere else { continue }
                var kept = outcome
                kept.ending = .scored(score.worthKeeping)
                state.results[outcome.job, default: []].append(kept)
            }
            for outcome in known {
                switch outcome.ending {
                case .scored: break
                case .dead:
                    guard state.results[outcome.job] == nil, state.deadLetters[outcome.job] == nil else { continue }
                    state.deadLetters[outcome.job] = outcome
                case .failedAttempt:
                    state.failedAttempts[outcome.job, default: []].insert(outcome.attempt)
                }
            }
        }
    }

    package func pendingClips(after job: Int64, limit: Int) throws -> [PendingClip] {
        state.withLock { state in
            let behind = state.openBehind.filter { $0 > job && $0 <= state.settled && state.isOpen($0) }
            let next = state.clips.filter { $0.job > max(job, state.settled) && state.isOpen($0) }.map(\.job)
            return (behind + next).sorted().prefix(limit).compactMap { state.pending($0) }
        }
    }

    package func pendingClips(among jobs: [Int64]) throws -> [PendingClip] {
        state.withLock { state in
            Set(jobs).filter { state.isOpen($0) }.sorted().compactMap { state.pending($0) }
        }
    }

    package func openOrders() throws -> [OperatorOrder] {
        state.withLock { state in state.orders.filter { $0.closed == nil }.map(\.order) }
    }

    package func close(order number: Int64, clips: Int, epoch: UInt32) throws {
        try state.withLock { state in
            try state.checkEpoch(epoch)
            let index = Int(number) - 1
            guard state.orders.indices.contains(index), state.orders[index].closed == nil else { return }
            if case .pause = state.orders[index].order.action { return }
            state.orders[index].closed = clips
        }
    }

    package func outcome(of job: Int64) throws -> OutcomeRecord? {
        state.withLock { state in state.results[job]?.first ?? state.deadLetters[job] }
    }

    package func fates(of jobs: [Int64]) throws -> [ClipFate] {
        try jobs.compactMap { job in
            guard let clip = state.withLock({ $0.clip(job) }), !clip.isDropped else { return nil }
            return ClipFate(job: job, site: clip.record.site, key: clip.record.key, outcome: try outcome(of: job))
        }
    }

    package func location(of content: ContentHash) throws -> SegmentLocation? {
        state.withLock { $0.contents[content] }
    }

    /// Nothing is learned here.
    package func location(ofLearned content: ContentHash) throws -> SegmentLocation? { nil }

    package func recordContent(_ contents: [(hash: ContentHash, location: SegmentLocation)], epoch: UInt32) throws {
        try state.withLock { state in
            try state.checkEpoch(epoch)
            for content in contents { state.contents[content.hash] = content.location }
        }
    }

    package func modelFile(_ hash: ContentHash) throws -> [UInt8]? {
        state.withLock { state in state.models.first { $0.record.fileHash == hash }?.file }
    }
}

extension MemoryLedger.State {
    func clip(_ job: Int64) -> MemoryLedger.AcceptedClip? { places[job].map { clips[$0] } }

    /// The number of the job accepted last, or that none has reached yet on this day.
    var newestJob: Int64 { (days.last?.base ?? 0) + counter - counterBefore }

    fileprivate func pending(_ job: Int64) -> PendingClip? {
        guard let clip = clip(job) else { return nil }
        let forgiven = forgiven[job, default: 0]
        return PendingClip(
            job: job, clip: clip.record, acceptedAt: clip.acceptedAt,
            attempts: max(failedAttempts[job]?.max() ?? 0, forgiven), forgiven: forgiven)
    }
}

extension OutcomeRecord {
    fileprivate var modelVersion: String? {
        if case .scored(let score) = ending { score.modelVersion } else { nil }
    }
}
