import Ledger
import Plant
import Synchronization

/// A ledger in memory that can be told to be away, and read by the test while the broker writes.
final class NotebookLedger: BrokerLedger, Sendable {
    struct Pages {
        var epoch: UInt32 = 0
        var clips: [ClipRecord] = []
        var outcomes: [OutcomeRecord] = []
        var champions: [Champion] = []
        var content: [ContentHash: SegmentLocation] = [:]
        var models: [ContentHash: [UInt8]] = [:]
        var isAway = false
    }

    let pages = Mutex(Pages())

    private func write<Answer>(epoch: UInt32, _ body: (inout Pages) -> Answer) throws -> Answer {
        try pages.withLock { pages in
            if pages.isAway { throw LedgerError(.unreachable, "the notebook is away") }
            if pages.epoch != epoch { throw LedgerError(.fenced, "epoch \(pages.epoch) rules") }
            return body(&pages)
        }
    }

    func openEpoch(holder: String) throws -> UInt32 {
        pages.withLock { pages in
            pages.epoch += 1
            return pages.epoch
        }
    }

    func accept(_ clips: [ClipRecord], epoch: UInt32) throws -> [Acceptance] {
        try write(epoch: epoch) { pages in
            clips.map { clip in
                let known = pages.clips.firstIndex { $0.key == clip.key && $0.site == clip.site }
                if known == nil { pages.clips.append(clip) }
                let index = known ?? pages.clips.count - 1
                return Acceptance(
                    key: clip.key, job: Int64(index + 1), duplicate: known != nil,
                    sameContent: pages.clips[index].sha256 == clip.sha256)
            }
        }
    }

    func record(_ outcomes: [OutcomeRecord], epoch: UInt32) throws {
        try write(epoch: epoch) { pages in
            for outcome in outcomes where !pages.outcomes.contains(where: { $0.job == outcome.job && $0.isFinal }) {
                pages.outcomes.append(outcome)
            }
        }
    }

    func pendingClips(after job: Int64, limit: Int) throws -> [PendingClip] {
        pages.withLock { pages in
            let done = Set(pages.outcomes.filter(\.isFinal).map(\.job))
            return pages.clips.enumerated().map { (Int64($0.offset + 1), $0.element) }
                .filter { $0.0 > job && !done.contains($0.0) }.prefix(limit)
                .map { PendingClip(job: $0.0, clip: $0.1, acceptedAt: 0, attempts: 0) }
        }
    }

    func outcome(of job: Int64) throws -> OutcomeRecord? {
        pages.withLock { $0.outcomes.first { $0.job == job && $0.isFinal } }
    }

    func champions() throws -> [Champion] { pages.withLock { $0.champions } }

    func location(of content: ContentHash) throws -> SegmentLocation? { pages.withLock { $0.content[content] } }

    func recordContent(_ contents: [(hash: ContentHash, location: SegmentLocation)], epoch: UInt32) throws {
        try write(epoch: epoch) { pages in
            for (hash, location) in contents where pages.content[hash] == nil { pages.content[hash] = location }
        }
    }

    func modelFile(_ hash: ContentHash) throws -> [UInt8]? { pages.withLock { $0.models[hash] } }
}

extension OutcomeRecord {
    var isFinal: Bool { if case .failedAttempt = ending { false } else { true } }
}
