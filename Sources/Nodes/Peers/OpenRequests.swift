internal import Wire

/// A peer's requests without answer, as a value: which to say now, which the broker wants later, and which one breaks the
/// connection whenever it is said. Times are milliseconds of a clock that never jumps.
struct OpenRequests {
    private enum State {
        case waiting
        case said
        /// The broker is busy.
        case pausing(until: Int64)
    }

    private struct Entry {
        let request: PeerRequest
        var state = State.waiting
    }

    private var entries: [UInt32: Entry] = [:]
    private var lastSequence: UInt32 = 0
    private var breakage = Breakage()

    mutating func add(_ request: PeerRequest) {
        lastSequence = lastSequence == .max ? 1 : lastSequence + 1
        entries[lastSequence] = Entry(request: request)
    }

    mutating func forget(_ request: PeerRequest) { entries = entries.filter { $0.value.request !== request } }

    /// Nothing more will be answered: returns everybody who waits.
    mutating func removeAll() -> [PeerRequest] {
        defer { entries = [:] }
        return entries.values.map(\.request)
    }

    /// A broker welcomes us: everything is to be said again, but for what is to blame for the broken connections, which
    /// is returned.
    mutating func begin(epoch: UInt64) -> PeerRequest? {
        let said = entries.filter { if case .said = $0.value.state { true } else { false } }.keys
        let isProved = breakage.isProved(byWelcomeOf: epoch, unanswered: !said.isEmpty)
        let culprit = isProved ? said.min().flatMap { entries.removeValue(forKey: $0)?.request } : nil
        for sequence in entries.keys { entries[sequence]?.state = .waiting }
        return culprit
    }

    /// What is to be said now, in the order it was asked; it is taken for said.
    mutating func due(now: Int64) -> [(sequence: UInt32, request: PeerRequest)] {
        var due: [(UInt32, PeerRequest)] = []
        for (sequence, entry) in entries.sorted(by: { $0.key < $1.key }) {
            switch entry.state {
            case .said:
                if breakage.goesOneByOne { return [] }
                continue
            case .pausing(let until) where until > now: continue
            case .waiting, .pausing: due.append((sequence, entry.request))
            }
        }
        if breakage.goesOneByOne { due = Array(due.prefix(1)) }
        for (sequence, _) in due { entries[sequence]?.state = .said }
        return due
    }

    /// When a pause is over next.
    var nextDeadline: Int64? {
        entries.values.compactMap { if case .pausing(let until) = $0.state { until } else { nil } }.min()
    }

    /// Whom a message answers, nil when nobody asked; a broker that is busy is asked again.
    enum Settled {
        case by(PeerRequest)
        /// It is said again after a pause.
        case putOff
        case nobody
    }

    mutating func settle(_ envelope: Envelope, now: Int64) -> Settled {
        let sequence = envelope.sequence
        guard let request = entries[sequence]?.request else { return .nobody }
        breakage.answered()
        if case .busy(let busy) = envelope.message {
            request.isPutOff(because: busy.reason)
            entries[sequence]?.state = .pausing(until: now + Int64(busy.retryAfterMilliseconds))
            return .putOff
        }
        entries[sequence] = nil
        return .by(request)
    }
}
