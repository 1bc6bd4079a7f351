internal import Logging
internal import Messaging
internal import Wire

/// The broker's thread: while it leads, the term hears what peers say; while it does not, they are sent to the other
/// broker.
final class BrokerLoop {
    enum Command: Sendable {
        case standing(BrokerCampaign.Standing)
        case stop
    }

    /// Messages read before the broker's tick gets its turn.
    private static let messagesPerTurn = 256

    let endpoint: Endpoint
    private let configuration: BrokerNode.Configuration
    private let socket: Socket
    /// Where libzmq asks whose keys are let in; nil while connections are plain.
    private let door: ZAPSocket?
    private let porter: BrokerPorter
    /// Of the porter's list when sessions were last held against it.
    private var revision = 0
    private let commands: Mailbox<Command>
    private let logger: Logger
    /// Told on this thread that a term has ended.
    private let termEnded: () -> Void
    private var term: BrokerTerm?
    /// Why it does not lead.
    private var reason = "it has just started"

    private let memory: ResidentMemory
    private var memoryCheckedAt: Int64 = 0
    /// How often the memory is looked at, microseconds.
    private static let memoryPause: Int64 = 50_000

    private var poller = Poller()
    private var socketMember: Poller.Member
    private var commandsMember: Poller.Member

    init(
        _ configuration: BrokerNode.Configuration, commands: Mailbox<Command>, porter: BrokerPorter, logger: Logger,
        termEnded: @escaping () -> Void
    ) throws {
        self.configuration = configuration
        self.commands = commands
        self.porter = porter
        self.logger = logger
        self.termEnded = termEnded
        memory = ResidentMemory(limit: configuration.residentBytes)
        let options = SocketOptions(
            highWaterMark: configuration.unreadAnswers, unreadLimit: 256, frameBytes: MessageLimits.partBytes,
            frameCount: MessageLimits.frameCount + 1, security: configuration.security)
        let context = try MessagingContext()
        door = configuration.security == .plain ? nil : try ZAPSocket(in: context)
        socket = try Socket(.router, in: context, options: options)
        endpoint = try socket.bind(configuration.listen)
        socketMember = poller.add(socket)
        commandsMember = poller.add(commands)
        if let door { poller.add(door) }
        logger.info("broker listens", metadata: ["endpoint": "\(endpoint)"])
    }

    /// Serves until told to stop; throws what makes it impossible to go on.
    func run() throws {
        while true {
            let pause = term.map { max($0.nextDeadline - SteadyClock.microseconds, 0) } ?? Self.memoryPause
            try poller.wait(.microseconds(min(pause, Self.memoryPause)))
            try checkMemory(now: SteadyClock.microseconds)
            if poller.isReadable(commandsMember) {
                for command in commands.drain() {
                    switch command {
                    case .standing(let standing): try take(standing)
                    case .stop: return
                    }
                }
            }
            do {
                try guardDoor()
                if poller.isReadable(socketMember) { try receive() }
                try term?.readNotes()
                try term?.tick()
            } catch let error as BrokerError where error.code == .steppedDown {
                stepDown(error.description)
            }
        }
    }

    private func checkMemory(now: Int64) throws {
        guard now - memoryCheckedAt >= Self.memoryPause else { return }
        memoryCheckedAt = now
        try memory.check()
    }

    private func receive() throws {
        for _ in 0..<Self.messagesPerTurn {
            guard let message = try socket.receive() else { return }
            if let term { try term.hear(message) } else { sendAway(message) }
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
        try term?.expelStrangers()
    }

    private func take(_ standing: BrokerCampaign.Standing) throws {
        switch standing {
        case .elected(let lanes):
            term = BrokerTerm(configuration, socket: socket, lanes: lanes, porter: porter, logger: logger)
            watch(lanes.mailbox)
            logger.info("this broker leads", metadata: ["epoch": "\(lanes.epoch)"])
        case .standby(let reason): self.reason = reason
        case .failed(let error): throw error
        }
    }

    private func stepDown(_ reason: String) {
        guard term != nil else { return }
        logger.warning("this broker leads no longer: \(reason)")
        self.reason = reason
        sendPeersAway()
        term = nil
        watch(nil)
        termEnded()
    }

    private func watch(_ lanes: Mailbox<BrokerNote>?) {
        poller = Poller()
        socketMember = poller.add(socket)
        commandsMember = poller.add(commands)
        if let door { poller.add(door) }
        if let lanes { poller.add(lanes) }
    }

    // MARK: those who came to the wrong broker

    private var notLeader: WireError { WireError(.notLeader, "this broker does not lead: \(reason)") }

    /// Tells every peer of the present term to look for the other broker.
    private func sendPeersAway() {
        for route in term?.sessions.controlRoutes ?? [] { send(notLeader, sequence: 0, to: route) }
    }

    private func sendAway(_ message: Message) {
        guard let route = message.route else { return }
        var sequence: UInt32 = 0
        switch message.decoded() {
        case .envelope(let envelope), .refused(let envelope, _): sequence = envelope.sequence
        case .invalid: break
        }
        send(notLeader, sequence: sequence, to: route)
    }

    /// Says it once; whoever does not hear it will be told again when it speaks.
    private func send(_ error: WireError, sequence: UInt32, to route: Route) {
        do {
            _ = try socket.send(Message(Envelope(.reject(error), sequence: sequence), to: route))
        } catch {
            logger.debug("a peer could not be sent away: \(error)")
        }
    }
}

/// Why a broker cannot go on.
package struct BrokerError: Error, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// Another broker leads now, or may.
        case steppedDown
        /// It has more memory than it may.
        case memory
    }

    package let code: Code
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
