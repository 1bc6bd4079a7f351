internal import Logging
package import Messaging
internal import Plant
internal import SwiftProtobuf
package import Wire

/// Pushes clips, oldest first: sends as many as the broker's credit allows, sends again what a restart left unanswered,
/// waits where the broker is busy, and tells what became of each clip.
///
/// Lives on the thread that calls it; other threads only post into its mailbox. A clip's file is the outbox: its bytes
/// are read when they are sent, and again when they have to be sent again.
package final class GatewayClient {
    /// A clip's bytes are on the broker's disk and its row is committed, now or (`duplicate`) before.
    package struct Acceptance: Hashable, Sendable {
        package let job: Int64
        package let duplicate: Bool
    }

    /// What became of a clip.
    package enum Answer: Sendable {
        case accepted(Acceptance)
        case scored(WireScore, Acceptance, queueMilliseconds: Double)
        /// It could not be scored, and why.
        case dead(WireFailure, Acceptance)
        case rejected(WireError)
    }

    /// What other threads tell it.
    package enum Event: Sendable {
        case link(PeerEvent)
        /// Look up what there is to do.
        case wake
        case stop
    }

    private enum Stage {
        case waiting
        case sent
        /// Accepted; the outcome is to follow.
        case accepted(Acceptance)
    }

    private struct Entry {
        /// Files with this one content for this one machine: each gets its answer, but the bytes travel once.
        var clips: [OutgoingClip]
        /// Smaller ones are sent first.
        let number: Int
        var stage: Stage
        /// How often the broker has found other bytes than announced.
        var damages = 0

        var clip: OutgoingClip { clips[0] }

        /// The first of several files with one content is the clip, the others are its duplicates.
        func acceptances(_ acceptance: Acceptance) -> [(OutgoingClip, Acceptance)] {
            clips.enumerated().map { index, clip in
                (clip, index == 0 ? acceptance : Acceptance(job: acceptance.job, duplicate: true))
            }
        }
    }

    private static let damagesAllowed = 3
    /// Without any answer for so long, a sentence says what is waited for.
    private static let quietSpan: Int64 = 30_000

    /// Told after so long without a session; nil looks for a broker for ever.
    private let patience: Duration?
    private let follow: Bool
    /// Post `.wake` and `.stop` here from any thread.
    package let mailbox: Mailbox<Event>
    private let link: PeerLink
    private let answered: (OutgoingClip, Answer) -> Void
    private var poller = Poller()

    private var entries: [String: Entry] = [:]
    private var lastNumber = 0
    /// Keys of clips to send, by number.
    private var queue: [Int: String] = [:]
    /// Accepted clips whose outcome the broker wants to be asked for later: their jobs, and when.
    private var refollow: [String: (job: Int64, at: Int64)] = [:]
    private var unansweredBytes = 0
    private var breakage = Breakage()
    /// Nil while there is no session.
    private var creditBytes: Int?
    /// Nothing is sent before, in milliseconds of the steady clock: the broker is busy.
    private var pausedUntil: Int64 = 0
    private var searchingSince: Int64
    /// When a clip was last answered, or there was last none to wait for; and when that was last remarked on.
    private var answeredAt: Int64
    private var remarkedAt: Int64
    /// Told after so long without any answer; nil waits for ever.
    private let silence: Duration?
    private let logger = Logger(label: "auscult.gateway")
    /// Why the broker let us wait last.
    private var toldReason = ""
    /// Somebody posted `.stop`.
    package private(set) var isStopped = false

    /// Opens the connection; it is made in the background.
    ///
    /// - Parameters:
    ///   - follow: whether to wait for each clip's score.
    ///   - patience: how long to look for a broker before `unreachable` is thrown; nil never gives up.
    ///   - silence: how long no clip may be answered before `timedOut` is thrown; nil never gives up.
    ///   - answered: called for every answer, on the calling thread.
    package init(
        name: String, endpoints: [Endpoint], security: Security = .plain, follow: Bool,
        patience: Duration? = .seconds(10), silence: Duration? = nil, answered: @escaping (OutgoingClip, Answer) -> Void
    ) throws {
        let mailbox = try Mailbox<Event>()
        link = try PeerLink.open(
            .init(
                identity: .init(role: .gateway, name: name), endpoints: endpoints, security: security,
                logger: logger)
        ) { mailbox.post(.link($0)) }
        (self.mailbox, self.follow, self.patience, self.answered) = (mailbox, follow, patience, answered)
        self.silence = silence
        let now = SteadyClock.milliseconds
        (searchingSince, answeredAt, remarkedAt) = (now, now, now)
        poller.add(mailbox)
    }

    /// Clips not answered yet, or followed and without outcome.
    package var count: Int { entries.count }

    /// Takes a clip over; it is sent in its turn.
    package func take(_ clip: OutgoingClip) throws {
        if var entry = entries[clip.key] {
            entry.clips.append(clip)
            entries[clip.key] = entry
            if case .accepted(let acceptance) = entry.stage {
                answered(clip, .accepted(Acceptance(job: acceptance.job, duplicate: true)))
            }
            return
        }
        lastNumber += 1
        entries[clip.key] = Entry(clips: [clip], number: lastNumber, stage: .waiting)
        queue[lastNumber] = clip.key
        try pump()
    }

    /// Takes a clip over; blocks while more than a credit's worth of clips waits to be sent.
    package func push(_ clip: OutgoingClip) throws {
        try take(clip)
        while queue.count > 64 { try wait() }
    }

    /// Blocks until every clip is answered, and scored or dead where it is followed.
    package func finish() throws {
        while !entries.isEmpty { try wait() }
        try close()
    }

    /// Ends the connection; what is not answered yet has to be taken up again by somebody else.
    package func close() throws { try link.close(reason: "done") }

    /// Blocks until something happens or is due, at most a second, and deals with it.
    package func wait() throws {
        let pause = min(max(pausedUntil - SteadyClock.milliseconds, 0), 1_000)
        try poller.wait(.milliseconds(pause > 0 ? pause : 1_000))
        for event in mailbox.drain() {
            switch event {
            case .link(let event): try handle(event)
            case .wake: break
            case .stop: isStopped = true
            }
        }
        if creditBytes == nil, let patience,
            SteadyClock.milliseconds - searchingSince > Int64(patience / .milliseconds(1))
        {
            throw PeerError(
                .unreachable,
                "\(link.reason); what was not accepted is still in its file, push it again later")
        }
        try heedSilence(now: SteadyClock.milliseconds)
        try pump()
    }

    /// Says what is waited for when nothing has been answered for long, and gives up when that is allowed.
    private func heedSilence(now: Int64) throws {
        if entries.isEmpty || creditBytes == nil { (answeredAt, remarkedAt) = (now, now) }
        guard now - max(answeredAt, remarkedAt) >= Self.quietSpan else { return }
        remarkedAt = now
        let unscored = entries.values.count { if case .accepted = $0.stage { true } else { false } }
        let sentence =
            "no clip was answered for \((now - answeredAt) / 1_000) s; \(entries.count - unscored) wait to be accepted"
            + (toldReason.isEmpty ? "" : " (\(toldReason))") + ", \(unscored) to be scored: "
            + "'auscult status' shows whether workers run, 'auscult model list' whether a model is promoted"
        guard let silence, now - answeredAt >= Int64(silence / .milliseconds(1)) else {
            return logger.warning("\(sentence)")
        }
        throw PeerError(.silent, "\(sentence); what was accepted goes on without us")
    }
}

// MARK: what the broker says

extension GatewayClient {
    private func handle(_ event: PeerEvent) throws {
        switch event {
        case .welcomed(let welcome): begin(welcome)
        case .lost:
            if creditBytes != nil { searchingSince = SteadyClock.milliseconds }
            creditBytes = nil
        case .ended(let error): throw error
        case .message(.accepted(let accepted), _): accept(accepted)
        case .message(.busy(let busy), _):
            tell(busy.reason)
            putOff(busy.key, milliseconds: Int64(busy.retryAfterMilliseconds))
        case .message(.reject(let reject), _): refuse(reject)
        case .message(.outcome(let outcome), _): conclude(outcome)
        case .message: break
        }
    }

    /// A broker welcomes us: what it has not accepted is sent again, what it has is asked for.
    private func begin(_ welcome: WireWelcome) {
        creditBytes = Int(clamping: welcome.limits.creditBytes)
        pausedUntil = 0
        let sent = entries.filter { if case .sent = $0.value.stage { true } else { false } }
        if breakage.isProved(byWelcomeOf: welcome.epoch, unanswered: !sent.isEmpty) {
            for entry in sent.values { giveUp(entry) }
        }
        unansweredBytes = 0
        for (key, entry) in entries {
            switch entry.stage {
            case .accepted(let acceptance): follow(key, acceptance.job)
            case .sent, .waiting:
                entries[key]?.stage = .waiting
                queue[entry.number] = key
            }
        }
    }

    private func follow(_ key: String, _ job: Int64) {
        refollow[key] = nil
        link.send(
            .follow(
                .with {
                    $0.key = key
                    $0.job = job
                }))
    }

    private func giveUp(_ entry: Entry) {
        let error = WireError(
            .unsendable,
            "\(entry.clip.source): the connection breaks whenever this clip of \(entry.clip.byteCount) bytes is sent")
        logger.error("\(error.reason)")
        entries[entry.clip.key] = nil
        for clip in entry.clips { answered(clip, .rejected(error)) }
    }

    private func accept(_ accepted: WireAccepted) {
        guard let entry = entries[accepted.key] else { return }
        // A broker may say it twice; the first time counts.
        if case .accepted = entry.stage { return }
        answeredAt = SteadyClock.milliseconds
        let acceptance = Acceptance(job: accepted.job, duplicate: accepted.duplicate)
        settle(accepted.key, as: .accepted(acceptance))
        if !follow { entries[accepted.key] = nil }
        for (clip, acceptance) in entry.acceptances(acceptance) { answered(clip, .accepted(acceptance)) }
    }

    /// Says why the broker lets us wait, once per reason.
    private func tell(_ reason: String) {
        guard reason != toldReason, !reason.isEmpty else { return }
        toldReason = reason
        logger.warning("the broker lets us wait: \(reason)")
    }

    /// The broker wants to be left alone for a while: the clip goes back to its place in line.
    private func putOff(_ key: String, milliseconds: Int64) {
        guard let entry = entries[key] else { return }
        if case .accepted(let acceptance) = entry.stage {
            return refollow[key] = (acceptance.job, SteadyClock.milliseconds + milliseconds)
        }
        pausedUntil = max(pausedUntil, SteadyClock.milliseconds + milliseconds)
        settle(key, as: .waiting)
        queue[entry.number] = key
    }

    private func refuse(_ reject: WireReject) {
        guard let entry = entries[reject.key] else { return }
        let error = reject.error
        if case .accepted = entry.stage, error.code != .unknownJob { return }
        if error.code == .wrongSHA256 { entries[reject.key]?.damages += 1 }
        if error.code.retry == .later, entry.damages < Self.damagesAllowed {
            return putOff(reject.key, milliseconds: 1_000)
        }
        settle(reject.key, as: .waiting)
        answeredAt = SteadyClock.milliseconds
        entries[reject.key] = nil
        for clip in entry.clips { answered(clip, .rejected(error)) }
    }

    private func conclude(_ outcome: WireOutcome) {
        guard let entry = entries[outcome.key], case .accepted(let acceptance) = entry.stage else { return }
        answeredAt = SteadyClock.milliseconds
        entries[outcome.key] = nil
        refollow[outcome.key] = nil
        for (clip, acceptance) in entry.acceptances(acceptance) {
            switch outcome.outcome {
            case .score(let score):
                answered(clip, .scored(score, acceptance, queueMilliseconds: outcome.queueMilliseconds))
            case .failure(let failure): answered(clip, .dead(failure, acceptance))
            case nil: break
            }
        }
    }

    /// A sent clip is answered: its bytes no longer count against the credit.
    private func settle(_ key: String, as stage: Stage) {
        guard let entry = entries[key] else { return }
        breakage.answered()
        if case .sent = entry.stage { unansweredBytes -= entry.clip.byteCount }
        queue[entry.number] = nil
        entries[key]?.stage = stage
    }
}

// MARK: sending

extension GatewayClient {
    /// Sends what the credit allows, oldest first.
    private func pump() throws {
        let now = SteadyClock.milliseconds
        if creditBytes != nil { for (key, again) in refollow where again.at <= now { follow(key, again.job) } }
        guard let creditBytes, !queue.isEmpty, SteadyClock.milliseconds >= pausedUntil else { return }
        for number in queue.keys.sorted() {
            guard let key = queue[number], let entry = entries[key] else { continue }
            guard unansweredBytes == 0 || unansweredBytes + entry.clip.byteCount <= creditBytes else { return }
            guard unansweredBytes == 0 || !breakage.goesOneByOne else { return }
            queue[number] = nil
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
            let clips = entries.removeValue(forKey: clip.key)?.clips ?? []
            for clip in clips { answered(clip, .rejected(error)) }
        }
    }
}
