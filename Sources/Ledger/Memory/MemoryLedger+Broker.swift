package import Plant
internal import Synchronization

extension MemoryLedger: BrokerLedger {
    package func openEpoch(holder: String) throws -> UInt32 {
        state.withLock { state in
            state.epoch += 1
            state.epochHolder = holder
            return state.epoch
        }
    }

    package func accept(_ clips: [ClipRecord], epoch: UInt32) throws -> [Acceptance] {
        try state.withLock { state in
            try state.checkEpoch(epoch)
            return clips.map { clip in
                let key = SiteKey(clip)
                if let job = state.jobs[key] {
                    let first = state.clips[Int(job) - 1].record
                    return Acceptance(
                        key: clip.key, job: job, duplicate: true, sameContent: first.sha256 == clip.sha256)
                }
                state.clips.append(AcceptedClip(record: clip, acceptedAt: now()))
                let job = Int64(state.clips.count)
                state.jobs[key] = job
                return Acceptance(key: clip.key, job: job, duplicate: false, sameContent: true)
            }
        }
    }

    package func record(_ outcomes: [OutcomeRecord], epoch: UInt32) throws {
        try state.withLock { state in
            try state.checkEpoch(epoch)
            let known = outcomes.filter { outcome in
                state.clips.indices.contains(Int(outcome.job) &- 1) && !state.clips[Int(outcome.job) - 1].isDropped
            }
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
            let first = Int(max(0, job))
            let open = state.clips.indices.dropFirst(first).map { Int64($0) + 1 }.filter { state.isOpen($0) }
            return open.prefix(limit).map { state.pending($0) }
        }
    }

    package func pendingClips(among jobs: [Int64]) throws -> [PendingClip] {
        state.withLock { state in
            let known = Set(jobs).filter { (1...Int64(max(1, state.clips.count))).contains($0) }.sorted()
            return known.filter { !state.clips.isEmpty && state.isOpen($0) }.map { state.pending($0) }
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
            let clip = state.withLock { state -> ClipRecord? in
                guard state.clips.indices.contains(Int(job) &- 1), !state.clips[Int(job) - 1].isDropped else {
                    return nil
                }
                return state.clips[Int(job) - 1].record
            }
            return try clip.map { ClipFate(job: job, site: $0.site, key: $0.key, outcome: try outcome(of: job)) }
        }
    }

    package func location(of content: ContentHash) throws -> SegmentLocation? {
        state.withLock { $0.contents[content] }
    }

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
    fileprivate func pending(_ job: Int64) -> PendingClip {
        let clip = clips[Int(job) - 1]
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
