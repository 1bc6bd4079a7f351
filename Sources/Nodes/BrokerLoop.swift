internal import Brokerage
internal import Logging
internal import Messaging
internal import Plant
internal import Wire

/// The broker's thread: reads frames, asks the broker what to do, and does it.
///
/// Everything here belongs to that one thread.
final class BrokerLoop {
    /// Messages read before the broker's tick gets its turn.
    private static let messagesPerTurn = 256

    let endpoint: Endpoint
    let configuration: BrokerNode.Configuration
    let socket: Socket
    /// Where libzmq asks whose keys are let in; nil while connections are plain.
    private let door: ZAPSocket?
    let porter: BrokerPorter
    let mailbox: Mailbox<BrokerNote>
    let disk: BrokerDisk
    let ledger: BrokerLedgerLane
    let logger: Logger
    var broker: Broker
    var sessions = BrokerSessions(limit: 4_096)
    /// Payloads in memory, until the broker releases them.
    var payloads: [Int: [Frame]] = [:]
    var payloadNumber = 0
    /// The request being handled: what is answered at once carries its sequence.
    var request: (peer: PeerID, sequence: UInt32)?
    var misconduct = Misconduct()
    /// Of the porter's list when sessions were last held against it.
    private var revision = 0

    init(
        _ configuration: BrokerNode.Configuration, epoch: UInt32, mailbox: Mailbox<BrokerNote>, disk: BrokerDisk,
        ledger: BrokerLedgerLane, porter: BrokerPorter, logger: Logger
    ) throws {
        self.configuration = configuration
        self.mailbox = mailbox
        self.disk = disk
        self.ledger = ledger
        self.porter = porter
        self.logger = logger
        let options = SocketOptions(
            highWaterMark: configuration.unreadAnswers, unreadLimit: 256, frameBytes: MessageLimits.partBytes,
            frameCount: MessageLimits.frameCount + 1, security: configuration.security)
        let context = try MessagingContext()
        door = configuration.security == .plain ? nil : try ZAPSocket(in: context)
        socket = try Socket(.router, in: context, options: options)
        endpoint = try socket.bind(configuration.listen)
        broker = Broker(
            epoch: epoch, configuration: configuration.broker, seed: UInt64(epoch), now: SteadyClock.microseconds)
        logger.info("broker listens", metadata: ["endpoint": "\(endpoint)", "epoch": "\(epoch)"])
    }

    /// Serves until told to stop; throws what makes it impossible to go on.
    func run() throws {
        var poller = Poller()
        let commands = poller.add(mailbox)
        let messages = poller.add(socket)
        if let door { poller.add(door) }
        while true {
            let pause = broker.nextDeadline - SteadyClock.microseconds
            try poller.wait(.microseconds(max(pause, 0)))
            try guardDoor()
            if poller.isReadable(messages) { try receive() }
            if poller.isReadable(commands), try !readNotes() { return }
            try perform(broker.tick(now: SteadyClock.microseconds))
        }
    }

    /// Lets in whose key is allowed, and ends the sessions of those whose key is not any more.
    private func guardDoor() throws {
        guard let door else { return }
        try door.answer { key in
            if porter.principal(of: key) != nil { return true }
            porter.count(.unknownKey)
            return false
        }
        guard porter.revision != revision else { return }
        revision = porter.revision
        for peer in sessions.peers(where: { $0.user.map { porter.principal(of: $0) == nil } ?? true }) {
            try expel(peer, WireError(.unknownKey, "the key of this connection is not allowed any more"))
        }
    }

    private func receive() throws {
        for _ in 0..<Self.messagesPerTurn {
            guard let message = try socket.receive() else { return }
            try hear(message)
        }
    }

    /// Returns false when it is time to stop.
    private func readNotes() throws -> Bool {
        for note in mailbox.drain() {
            switch note {
            case .disk(let answer): try handle(.disk(answer))
            case .ledger(let answer): try handle(.ledger(answer))
            case .loaded(let peer, let answer, let payload): try send(answer, payload: payload, to: peer)
            case .modelFile(let hash, let file): try handle(.ledger(.content(hash, .memory(keep(file[...])))))
            case .lost(let peer, let hash):
                try send(.reject(key: hash.description, .unknownContent(hash)), payload: [], to: peer)
            case .fault(let error): throw error
            case .stop: return false
            }
        }
        return true
    }

    func handle(_ event: Event) throws {
        try perform(broker.handle(event, now: SteadyClock.microseconds))
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
            case .tell(let peer, let answer): try tell(answer, to: peer)
            case .disk(let order): disk.perform(order, items: items(of: order))
            case .ledger(let order): ledger.perform(order)
            case .release(let blob): payloads[blob.number] = nil
            case .forget(let peer): sessions.forget(peer)
            case .stepDown(let reason): throw BrokerError(.steppedDown, reason)
            }
        }
    }

    private func items(of order: DiskOrder) -> [BrokerDisk.Item] {
        switch order {
        case .storeClips(_, let items), .storeContent(_, let items), .check(_, let items):
            items.map { BrokerDisk.Item(sha256: $0.sha256, parts: payloads[$0.blob.number] ?? []) }
        }
    }
}

/// Why a broker cannot go on.
package struct BrokerError: Error, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// Another broker leads now.
        case steppedDown
        /// The folder for the segments cannot be made.
        case dataDirectory
    }

    package let code: Code
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
