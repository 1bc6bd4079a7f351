internal import Plant
internal import Synchronization

extension MemoryLedger: RetentionLedger {
    static let day: Int64 = 86_400_000_000

    package func retentionPolicy() throws -> RetentionPolicy { state.withLock { $0.retention } }

    package func keep(_ policy: RetentionPolicy) throws {
        let days = [policy.bytesDays, policy.rowsDays].compactMap(\.self)
        guard days.allSatisfy({ (1...36_500).contains($0) }) else {
            throw LedgerError(.refused, "clips are kept from 1 to 36500 days, or for ever")
        }
        if let bytes = policy.bytesDays, let rows = policy.rowsDays, bytes > rows {
            throw LedgerError(
                .refused, "the bytes of a clip are not kept longer (\(bytes) days) than its rows (\(rows) days)")
        }
        state.withLock { $0.retention = policy }
    }

    package func calendar() throws -> Int64 { now() }

    /// Nobody asks this ledger about years.
    package func rollUp() throws {}

    package func dropOldDays(at time: Int64?) throws -> Int {
        state.withLock { state in
            guard let rowsDays = state.retention.rowsDays else { return 0 }
            let today = Int((time ?? now()) / Self.day)
            let present = state.clips.indices.filter { !state.clips[$0].isDropped }
            var dropped = 0
            for (day, clips) in Dictionary(grouping: present, by: { Int(state.clips[$0].job >> 32) })
            where day < (state.days.last?.number ?? 0) && today - state.calendar(of: day) > rowsDays
                && !clips.contains(where: { state.mayBeScored($0) })
            {
                for clip in clips { state.drop(clip) }
                dropped += 1
            }
            return dropped
        }
    }

    package func unneededSegments(among candidates: [Int64], at time: Int64?) throws -> [Int64] {
        state.withLock { state in
            let policy = state.retention
            guard policy != RetentionPolicy() else { return [] }
            let needed = state.clips.indices.filter { state.isNeeded($0, at: time ?? now()) }
            let segments = Set(needed.map { state.clips[$0].record.location.segment })
            return candidates.filter { !segments.contains($0) }.sorted()
        }
    }
}

extension MemoryLedger.State {
    /// Somebody may still want the bytes of the clip.
    func isNeeded(_ clip: Int, at time: Int64) -> Bool {
        guard !clips[clip].isDropped else { return false }
        guard let days = retention.bytesDays, !mayBeScored(clip) else { return true }
        return clips[clip].acceptedAt >= time - Int64(days) * MemoryLedger.day
    }

    /// No model has scored it, and no operator has given it up.
    fileprivate func mayBeScored(_ clip: Int) -> Bool {
        let job = clips[clip].job
        return results[job] == nil && !dropped.contains(job)
    }

    /// A day's own calendar may be ahead of the truth; none of its clips is younger than the days after it.
    fileprivate func calendar(of day: Int) -> Int {
        days.filter { $0.number >= day }.reduce(day) { min($0, $1.calendar) }
    }

    fileprivate mutating func drop(_ clip: Int) {
        let job = clips[clip].job
        jobs[SiteKey(clips[clip].record)] = nil
        clips[clip].isDropped = true
        results[job] = nil
        deadLetters[job] = nil
        failedAttempts[job] = nil
    }
}
