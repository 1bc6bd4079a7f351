internal import Logging
internal import Messaging
internal import SwiftProtobuf
internal import Wire

/// The link's thread: moves messages between the mailbox, the two lanes and the owner, and keeps the session alive.
final class PeerLoop {
    enum Command: Sendable {
        case send(WireMessage, payload: [Frame])
        case ask(PeerRequest)
        case forget(PeerRequest)
        case heartbeat
        case close(reason: String)
    }

    private let configuration: PeerLink.Configuration
    private let handler: @Sendable (PeerEvent) -> Void
    private let mailbox: Mailbox<Command>
    private let standing: PeerStanding
    private let context: MessagingContext
    private var session: PeerSession
    private var poller = Poller()
    private var mailboxMember: Poller.Member
    private var endpoint: Endpoint?
    private var lastRefusal: WireError?
    private var control: PeerLane?
    private var data: PeerLane?
    /// Said again after each WELCOME.
    private var requests = OpenRequests()

    init(
        _ configuration: PeerLink.Configuration, _ mailbox: Mailbox<Command>, _ standing: PeerStanding,
        _ handler: @escaping @Sendable (PeerEvent) -> Void
    ) throws {
        self.configuration = configuration
        self.handler = handler
        self.mailbox = mailbox
        self.standing = standing
        context = try MessagingContext()
        session = PeerSession(endpointCount: configuration.endpoints.count, now: SteadyClock.milliseconds)
        mailboxMember = poller.add(mailbox)
    }

    /// Serves until the link is closed.
    func run() throws {
        do {
            while try turn() {}
            end(nil)
        } catch {
            end(PeerError(.closed, "the connection to the broker failed: \(error)"))
            throw error
        }
    }

    /// Waits for something to do and does it; false when the link was closed.
    private func turn() throws -> Bool {
        try perform(session.tick(now: SteadyClock.milliseconds))
        try sayRequests()
        let deadline = [session.nextDeadline, session.isWelcomed ? requests.nextDeadline : nil].compactMap(\.self).min()
        let pause = deadline.map { max(0, $0 - SteadyClock.milliseconds) }
        try poller.wait(pause.map { .milliseconds($0) })
        if try control?.hasBroken() == true { try perform(session.broke(.control, now: SteadyClock.milliseconds)) }
        if try data?.hasBroken() == true { try perform(session.broke(.data, now: SteadyClock.milliseconds)) }
        try control?.flushIfWritable(&poller)
        try data?.flushIfWritable(&poller)
        if poller.isReadable(mailboxMember), try !obey() { return false }
        try receive(on: .control)
        try receive(on: .data)
        return true
    }

    /// Nothing more will come: says so to everybody who waits.
    private func end(_ error: PeerError?) {
        if standing.isClosed { return }
        standing.become(.closed(error))
        for request in requests.removeAll() { request.answer(.failure(standing.error)) }
        if let error { handler(.ended(error)) }
    }
}

// MARK: the owner's side

extension PeerLoop {
    /// Returns false when the link was closed.
    private func obey() throws -> Bool {
        for command in mailbox.drain() {
            switch command {
            case .send(let message, let payload):
                if session.isWelcomed { try send(Envelope(message), payload: payload) }
            case .ask(let request): requests.add(request)
            case .forget(let request): requests.forget(request)
            case .heartbeat:
                if session.isWelcomed { try sayHeartbeat() }
            case .close(let reason):
                if session.isWelcomed { try send(Envelope(.goodbye(.with { $0.reason = reason }))) }
                return false
            }
        }
        return true
    }

    private func sayRequests() throws {
        guard session.isWelcomed else { return }
        for (sequence, request) in requests.due(now: SteadyClock.milliseconds) {
            try send(Envelope(request.message, sequence: sequence), payload: request.payload)
        }
    }

    /// Hands an answer to whoever waits for it; returns false when nobody does.
    private func settle(_ envelope: Envelope, payload: [Frame]) -> Bool {
        switch requests.settle(envelope, now: SteadyClock.milliseconds) {
        case .nobody: return false
        case .putOff: return true
        case .by(let request):
            if case .reject(let reject) = envelope.message {
                request.answer(.failure(PeerError(reject.error)))
            } else {
                request.answer(.success((envelope.message, payload)))
            }
            return true
        }
    }
}

// MARK: the broker's side

extension PeerLoop {
    /// Messages read from one lane before the other gets its turn.
    private static let messagesPerTurn = 256

    private func receive(on lane: PeerSession.Lane) throws {
        for _ in 0..<Self.messagesPerTurn {
            // An earlier message may have closed the connections.
            guard let message = try (lane == .control ? control : data)?.receive() else { return }
            switch message.decoded() {
            case .invalid(let error, _): ignore(error)
            case .refused(let envelope, let error):
                ignore(error)
                if case .dispatch(let dispatch) = envelope.message { try fail(dispatch, error) }
            case .envelope(let envelope):
                let actions = session.heard(envelope.message, on: lane, now: SteadyClock.milliseconds)
                try perform(actions, on: envelope, payload: Array(message.payload))
            }
        }
    }

    private func ignore(_ error: WireError) {
        configuration.logger.info("ignored a message of the broker", metadata: ["error": "\(error)"])
    }

    /// A job that cannot be read is given back at once; in silence it would come again and again.
    private func fail(_ dispatch: WireDispatch, _ error: WireError) throws {
        guard session.isWelcomed else { return }
        let result = WireResult.with {
            $0.token = dispatch.token
            $0.job = max(dispatch.job, 0)
            $0.failure.code = error.code.rawValue
            $0.failure.reason = error.reason
        }
        try send(Envelope(.result(result)))
    }

    private func perform(
        _ actions: [PeerSession.Action], on envelope: Envelope? = nil, payload: [Frame] = []
    ) throws {
        for action in actions {
            switch action {
            case .connect(let endpoint):
                try connect(to: configuration.endpoints[endpoint])
                search()
            case .sayHello(let lane): try sayHello(lane)
            case .sayHeartbeat: try sayHeartbeat()
            case .welcomed(let welcome):
                lastRefusal = nil
                standing.become(.welcomed)
                handler(.welcomed(welcome))
                guard let culprit = requests.begin(epoch: welcome.epoch) else { continue }
                let name = culprit.message.command.rule.name
                let error = WireError(.unsendable, "the connection breaks whenever this \(name) is sent")
                culprit.answer(.failure(PeerError(error)))
            case .lost(let reason):
                search()
                handler(.lost(reason: reason))
            case .turnedAway(let error):
                lastRefusal = error
                search()
            case .refused(let error): end(PeerError(error))
            case .deliver:
                guard let envelope, !settle(envelope, payload: payload) else { continue }
                handler(.message(envelope.message, payload: payload))
            }
        }
    }

    private func connect(to endpoint: Endpoint) throws {
        self.endpoint = endpoint
        (control, data) = (nil, nil)
        poller = Poller()
        mailboxMember = poller.add(mailbox)
        var options = (control: SocketOptions.control, data: SocketOptions.data)
        options.control.frameCount = MessageLimits.frameCount + 1
        options.data.frameCount = MessageLimits.frameCount + 1
        (options.control.security, options.data.security) = (configuration.security, configuration.security)
        control = try PeerLane(options.control, to: endpoint, in: context, &poller)
        data = try PeerLane(options.data, to: endpoint, in: context, &poller)
    }

    private func search() { standing.become(.searching(endpoint: endpoint, lastRefusal: lastRefusal)) }

    private func sayHello(_ lane: PeerSession.Lane) throws {
        let identity = configuration.identity
        let report = configuration.report()
        let hello = WireHello.with {
            $0.role = identity.role
            $0.lane = lane == .control ? .control : .data
            $0.peer = identity.name
            $0.session = identity.session
            $0.minorVersion = UInt32(WireHeader.minor)
            $0.software = "auscult"
            $0.host = identity.host
            $0.process = identity.process
            $0.credits = report.credits
            $0.held = report.held
        }
        if lane == .control { control?.clear() } else { data?.clear() }
        try send(Envelope(.hello(hello)), on: lane)
    }

    private func sayHeartbeat() throws {
        let report = configuration.report()
        let heartbeat = WireHeartbeat.with {
            $0.progress = report.progress
            $0.credits = report.credits
            $0.draining = report.draining
        }
        try send(Envelope(.heartbeat(heartbeat)))
    }

    private func send(_ envelope: Envelope, payload: [Frame] = [], on lane: PeerSession.Lane? = nil) throws {
        let lane = lane ?? (envelope.message.command.rule.lane == .data ? .data : .control)
        let message = Message(envelope, payload: payload)
        if lane == .control {
            try control?.send(message, &poller)
        } else {
            try data?.send(message, &poller)
        }
    }
}
