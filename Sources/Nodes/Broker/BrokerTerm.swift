internal import Brokerage
internal import Logging
internal import Messaging
internal import Plant
internal import Wire

/// One broker's time as leader: hears its peers, asks the broker what to do, and does it.
///
/// Everything here belongs to the thread of `BrokerLoop`, whose socket it uses. A term ends by throwing
/// `BrokerError.steppedDown`; nothing of it is used again.
final class BrokerTerm {
    let configuration: BrokerNode.Configuration
    let socket: Socket
    let lanes: BrokerLanes
    let porter: BrokerPorter
    let logger: Logger
    var broker: Broker
    var sessions: BrokerSessions
    /// Payloads in memory, until the broker releases them.
    var payloads: [Int: [Frame]] = [:]
    var payloadNumber = 0
    /// Of peers that were sent payload.
    var lines: [PeerID: ContentLine] = [:]
    var misconduct = Misconduct()

    init(
        _ configuration: BrokerNode.Configuration, socket: Socket, lanes: BrokerLanes, porter: BrokerPorter,
        logger: Logger
    ) {
        self.configuration = configuration
        self.socket = socket
        self.lanes = lanes
        self.porter = porter
        self.logger = logger
        sessions = BrokerSessions(limit: configuration.peerLimit, limitPerKey: configuration.peersPerKey)
        broker = Broker(
            epoch: lanes.epoch, configuration: configuration.broker, seed: UInt64(lanes.epoch),
            now: SteadyClock.microseconds)
    }

    /// What the lanes have answered.
    func readNotes() throws {
        for note in lanes.mailbox.drain() {
            switch note {
            case .disk(let answer): try handle(.disk(answer))
            case .ledger(let answer): try handle(.ledger(answer))
            case .found(let fates, let contents): try handle(.ledger(.found(fates, contents.map(describe))))
            case .loaded(let worker, let dispatch, let payload):
                try send(.dispatch(dispatch), payload: payload, to: worker, nil)
            case .read(let peer, let hash, let request, let payload):
                try hasRead(hash, payload, for: peer, request)
            case .relieved(let peer): try serve(peer)
            case .lost(let peer, let hash, let request, let refusal):
                try isLost(hash, refusal, for: peer, request)
            case .fault(let error): throw error
            }
        }
    }

    /// When `tick` is needed next, in microseconds of the steady clock.
    var nextDeadline: Int64 { broker.nextDeadline }

    func tick() throws { try perform(broker.tick(now: SteadyClock.microseconds)) }

    func handle(_ event: Event) throws {
        try perform(broker.handle(event, now: SteadyClock.microseconds))
    }

    private func describe(_ found: FoundContent) -> (hash: ContentHash, place: ContentPlace) {
        switch found {
        case .stored(let hash, let location): (hash, .at(.content(location)))
        case .clip(let hash, let location): (hash, .at(.clip(location)))
        case .file(let hash, let frames): (hash, .at(.memory(keep(frames[...]))))
        case .unknown(let hash): (hash, .unknown)
        case .damaged(let hash): (hash, .damaged)
        }
    }

    /// Takes a payload into memory; it is the broker's from now on.
    func keep(_ parts: ArraySlice<Frame>) -> Blob {
        payloadNumber += 1
        payloads[payloadNumber] = Array(parts)
        return Blob(payloadNumber, byteCount: parts.reduce(0) { $0 + $1.count })
    }

    private func perform(_ actions: [Action]) throws {
        for action in actions {
            switch action {
            case .tell(let peer, let answer, let request): try tell(answer, to: peer, request)
            case .disk(let order): lanes.disk.perform(order, items: items(of: order))
            case .ledger(let order): lanes.perform(order)
            case .release(let blob): payloads[blob.number] = nil
            case .stale: porter.count(.staleFence)
            case .forget(let peer): forget(peer)
            case .stepDown(let reason): throw BrokerError(.steppedDown, reason)
            }
        }
    }

    func forget(_ peer: PeerID) {
        sessions.forget(peer)
        lines[peer] = nil
    }

    private func items(of order: DiskOrder) -> [BrokerDisk.Item] {
        switch order {
        case .storeClips(_, let items), .storeContent(_, let items), .check(_, let items):
            items.map { BrokerDisk.Item(sha256: $0.sha256, parts: payloads[$0.blob.number] ?? []) }
        }
    }
}
