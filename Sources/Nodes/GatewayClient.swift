internal import Logging
package import Messaging
internal import Plant
package import Wire

/// Pushes clips: sends as many as the broker's credit allows, sends again what a restart left unanswered, waits where
/// the broker is busy, and tells what became of each clip.
///
/// Lives on the thread that calls it; the link's thread only posts into its mailbox. A clip's file is the outbox: its
/// bytes are read when they are sent, and again when they have to be sent again.
package final class GatewayClient {
    /// What became of a clip.
    package enum Answer: Sendable {
        /// Its bytes are on the broker's disk and its row is committed, now or (`duplicate`) before.
        case accepted(job: Int64, duplicate: Bool)
        case scored(WireScore, queueMilliseconds: Double)
        /// It could not be scored, and why.
        case dead(WireFailure)
        case rejected(WireError)
    }

    private enum Stage {
        case waiting
        case sent
        /// Told to wait until then, in milliseconds of the steady clock.
        case busy(until: Int64)
        /// Accepted; the outcome is to follow.
        case accepted
    }

    private struct Entry {
        let clip: OutgoingClip
        var stage: Stage
    }

    /// Told at once where nobody answers for so long while no session stands.
    private let patience: Duration
    private let follow: Bool
    private let mailbox: Mailbox<PeerEvent>
    private let link: PeerLink
    private let answered: (OutgoingClip, Answer) -> Void
    private var poller = Poller()

    private var entries: [String: Entry] = [:]
    /// Keys of clips to send, oldest first.
    private var queue: [String] = []
    private var unansweredBytes = 0
    /// Nil while there is no session.
    private var creditBytes: Int?
    private var searchingSince: Int64

    /// Opens the connection; it is made in the background.
    ///
    /// - Parameters:
    ///   - follow: whether to wait for each clip's score.
    ///   - patience: how long to look for a broker before `unreachable` is thrown.
    ///   - answered: called for every answer, on the calling thread.
    package init(
        name: String, endpoints: [Endpoint], follow: Bool, patience: Duration = .seconds(10),
        answered: @escaping (OutgoingClip, Answer) -> Void
    ) throws {
        let mailbox = try Mailbox<PeerEvent>()
        link = try PeerLink.open(
            .init(
                identity: .init(role: .gateway, name: name), endpoints: endpoints,
                logger: Logger(label: "auscult.gateway"))
        ) { mailbox.post($0) }
        (self.mailbox, self.follow, self.patience, self.answered) = (mailbox, follow, patience, answered)
        searchingSince = SteadyClock.milliseconds
        poller.add(mailbox)
    }

    /// Hands over a clip; blocks while more than a credit's worth of clips waits to be sent.
    package func push(_ clip: OutgoingClip) throws {
        guard entries[clip.key] == nil else { return }
        entries[clip.key] = Entry(clip: clip, stage: .waiting)
        queue.append(clip.key)
        try pump()
        while queue.count > 64 { try wait() }
    }

    /// Blocks until every clip is answered, and scored or dead where it is followed.
    package func finish() throws {
        while !entries.isEmpty { try wait() }
        try link.close(reason: "done")
    }

    /// Blocks until something happens or is due, and deals with it.
    private func wait() throws {
        let now = SteadyClock.milliseconds
        let due = entries.values.compactMap { if case .busy(let until) = $0.stage { until } else { nil } }.min()
        let pause = min(due.map { max(0, $0 - now) } ?? 1000, 1000)
        try poller.wait(.milliseconds(pause))
        for event in mailbox.drain() { try handle(event) }
        if creditBytes == nil, SteadyClock.milliseconds - searchingSince > Int64(patience / .milliseconds(1)) {
            throw PeerError(
                .unreachable, "no broker answers; what was not accepted is still in its file, push it again later")
        }
        try pump()
    }

    private func handle(_ event: PeerEvent) throws {
        switch event {
        case .welcomed(let welcome): begin(credit: Int(welcome.limits.creditBytes))
        case .lost:
            if creditBytes != nil { searchingSince = SteadyClock.milliseconds }
            creditBytes = nil
        case .ended(let error): throw error
        case .message(.accepted(let accepted), _): accept(accepted)
        case .message(.busy(let busy), _):
            settle(busy.key, as: .busy(until: SteadyClock.milliseconds + Int64(busy.retryAfterMilliseconds)))
        case .message(.reject(let reject), _): refuse(reject)
        case .message(.outcome(let outcome), _): conclude(outcome)
        case .message: break
        }
    }

    /// A broker welcomes us: everything it has not accepted, or not told the outcome of, is sent again.
    private func begin(credit: Int) {
        creditBytes = credit
        unansweredBytes = 0
        queue = entries.keys.sorted()
        for key in queue { entries[key]?.stage = .waiting }
    }

    private func accept(_ accepted: WireAccepted) {
        guard let entry = entries[accepted.key] else { return }
        settle(accepted.key, as: .accepted)
        answered(entry.clip, .accepted(job: accepted.job, duplicate: accepted.duplicate))
        if !follow { entries[accepted.key] = nil }
    }

    private func refuse(_ reject: WireReject) {
        guard let entry = entries[reject.key] else { return }
        let error = WireError(.init(rawValue: reject.code), reject.reason)
        if error.code.retry == .later {
            return settle(reject.key, as: .busy(until: SteadyClock.milliseconds + 1000))
        }
        settle(reject.key, as: .accepted)
        entries[reject.key] = nil
        answered(entry.clip, .rejected(error))
    }

    private func conclude(_ outcome: WireOutcome) {
        guard let entry = entries.removeValue(forKey: outcome.key) else { return }
        switch outcome.outcome {
        case .score(let score): answered(entry.clip, .scored(score, queueMilliseconds: outcome.queueMilliseconds))
        case .failure(let failure): answered(entry.clip, .dead(failure))
        case nil: break
        }
    }

    /// A sent clip is answered: its bytes no longer count against the credit.
    private func settle(_ key: String, as stage: Stage) {
        guard let entry = entries[key] else { return }
        if case .sent = entry.stage { unansweredBytes -= entry.clip.byteCount }
        entries[key]?.stage = stage
    }

    /// Sends what the credit allows.
    private func pump() throws {
        guard let creditBytes else { return }
        let now = SteadyClock.milliseconds
        for (key, entry) in entries {
            if case .busy(let until) = entry.stage, until <= now {
                entries[key]?.stage = .waiting
                queue.append(key)
            }
        }
        while let key = queue.first {
            guard let entry = entries[key], case .waiting = entry.stage else {
                queue.removeFirst()
                continue
            }
            guard unansweredBytes == 0 || unansweredBytes + entry.clip.byteCount <= creditBytes else { return }
            queue.removeFirst()
            send(entry.clip)
        }
    }

    private func send(_ clip: OutgoingClip) {
        do {
            let bytes = try clip.bytes()
            entries[clip.key]?.stage = .sent
            unansweredBytes += clip.byteCount
            link.send(.submit(clip.submission(follow: follow)), payload: Frame.payload(bytes))
        } catch {
            entries[clip.key] = nil
            answered(
                clip, .rejected(WireError(.empty, "\(clip.path): the file has vanished or cannot be read any more")))
        }
    }
}
