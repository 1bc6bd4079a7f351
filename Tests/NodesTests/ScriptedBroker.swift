import Messaging
import Nodes
import Testing
import Wire

/// The broker's end of the wire, played by a test step by step.
final class ScriptedBroker {
    struct Heard {
        let envelope: Envelope
        let payload: [Frame]
        let route: Route
        var message: WireMessage { envelope.message }
    }

    let endpoint: Endpoint
    private let socket: Socket
    private var poller = Poller()
    private var routes: [WireLane: Route] = [:]

    /// - Parameter frameBytes: connections break on larger frames.
    init(_ endpoint: Endpoint = .tcp(host: "127.0.0.1", port: 0), frameBytes: Int = 1 << 20) throws {
        socket = try Socket(.router, in: MessagingContext(), options: SocketOptions(frameBytes: frameBytes))
        self.endpoint = try socket.bind(endpoint)
        poller.add(socket)
    }

    /// The next message, at most five seconds from now; heartbeats are skipped unless wanted.
    func next(skippingHeartbeats: Bool = true) throws -> Heard {
        while true {
            try poller.wait(.seconds(5))
            let message = try #require(try socket.receive(), "no peer spoke for five seconds")
            guard case .envelope(let envelope) = message.decoded(), let route = message.route else {
                Issue.record("a peer sent what is no message")
                continue
            }
            if case .heartbeat = envelope.message, skippingHeartbeats { continue }
            return Heard(envelope: envelope, payload: Array(message.payload), route: route)
        }
    }

    func say(_ message: WireMessage, payload: [Frame] = [], sequence: UInt32 = 0, on lane: WireLane = .control) throws {
        let route = try #require(routes[lane], "no peer has said HELLO on \(lane)")
        #expect(try socket.send(Message(Envelope(message, sequence: sequence), payload: payload, to: route)) == .sent)
    }

    func sayRaw(_ frames: [[UInt8]], on lane: WireLane) throws {
        let route = try #require(routes[lane], "no peer has said HELLO on \(lane)")
        for _ in 0..<1_000 {
            if try socket.send(Message(route: route, frames.map { Frame($0) })) == .sent { return }
            try poller.wait(.milliseconds(5))
        }
    }

    /// What a peer has said already, nil when nothing.
    func poll() throws -> Heard? {
        guard let message = try socket.receive() else { return nil }
        guard case .envelope(let envelope) = message.decoded(), let route = message.route else { return nil }
        return Heard(envelope: envelope, payload: Array(message.payload), route: route)
    }

    /// Answers a message on the connection it came from.
    func answer(_ heard: Heard, _ message: WireMessage) throws {
        let envelope = Envelope(message, sequence: heard.envelope.sequence)
        #expect(try socket.send(Message(envelope, to: heard.route)) == .sent)
    }

    /// Hears HELLO on both lanes; everything else is answered by REJECT 120, as a restarted broker does.
    ///
    /// - Parameter beginning: what was heard already.
    @discardableResult
    func meet(_ beginning: Heard? = nil) throws -> WireHello {
        routes = [:]
        var first: WireHello?
        var beginning = beginning
        while routes.count < 2 {
            let heard = try beginning ?? next(skippingHeartbeats: false)
            beginning = nil
            guard case .hello(let hello) = heard.message else {
                try answer(heard, .reject(WireError(.notWelcomed, "who are you?")))
                continue
            }
            routes[hello.lane] = heard.route
            #expect(hello.peer == first?.peer ?? hello.peer)
            #expect(hello.session == first?.session ?? hello.session)
            if hello.lane == .control || first == nil { first = hello }
        }
        return try #require(first)
    }

    /// Meets a peer and welcomes it on both lanes.
    @discardableResult
    func welcome(
        epoch: UInt64 = 1, period: UInt32 = 1_000, credit: UInt64 = 1 << 20, after beginning: Heard? = nil
    ) throws -> WireHello {
        let hello = try meet(beginning)
        var welcome = WireWelcome()
        welcome.epoch = epoch
        welcome.limits.heartbeatMilliseconds = period
        welcome.limits.missedHeartbeats = 3
        welcome.limits.payloadBytes = UInt64(MessageLimits.payloadBytes)
        welcome.limits.partBytes = UInt32(MessageLimits.partBytes)
        welcome.limits.creditBytes = credit
        try say(.welcome(welcome), on: .control)
        try say(.welcome(welcome), on: .data)
        return hello
    }
}
