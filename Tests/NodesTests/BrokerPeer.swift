import Messaging
import Nodes
import SwiftProtobuf
import Testing
import Wire

/// A peer of the broker as a third party would write it: two connections, one protobuf message per command.
final class BrokerPeer {
    private let control: Socket
    private let data: Socket
    private var poller = Poller()
    private let role: WireRole
    private let name: String
    private let session: String
    /// What was heard while something else was waited for.
    private var unread: [(message: WireMessage, payload: [UInt8])] = []

    init(
        _ role: WireRole, _ name: String, at endpoint: Endpoint, session: String = "1", security: Security = .plain
    ) throws {
        (self.role, self.name, self.session) = (role, name, session)
        let context = try MessagingContext()
        var options = (control: SocketOptions.control, data: SocketOptions.data)
        (options.control.security, options.data.security) = (security, security)
        control = try Socket(.dealer, in: context, options: options.control)
        data = try Socket(.dealer, in: context, options: options.data)
        poller.add(control)
        poller.add(data)
        for socket in [control, data] { try socket.connect(endpoint) }
    }

    /// Says HELLO on both connections and waits for both welcomes.
    func join(credits: UInt32 = 4, held: [WireHeldLease] = []) throws -> WireWelcome {
        try sayHello(credits: credits, held: held)
        _ = try wait { if case .welcome(let welcome) = $0 { welcome } else { nil } }
        return try wait { if case .welcome(let welcome) = $0 { welcome } else { nil } }.0
    }

    /// The same; nil when the broker does not lead.
    func joinUnlessSentAway() throws -> WireWelcome? {
        try sayHello(credits: 4, held: [])
        return try wait { message -> WireWelcome?? in
            switch message {
            case .welcome(let welcome): welcome
            case .reject: .some(nil)
            default: nil
            }
        }.0
    }

    private func sayHello(credits: UInt32, held: [WireHeldLease]) throws {
        for lane in [WireLane.control, .data] {
            let hello = WireHello.with {
                $0.role = role
                $0.lane = lane
                $0.peer = name
                $0.session = session
                $0.credits = credits
                $0.held = held
            }
            try say(.hello(hello), on: lane)
        }
    }

    /// - Parameter lane: the command's own unless given.
    func say(_ message: WireMessage, payload: [UInt8] = [], on lane: WireLane? = nil) throws {
        let isControl = lane.map { $0 == .control } ?? (message.command.rule.lane == .control)
        let socket = isControl ? control : data
        while try socket.send(Message(Envelope(message, sequence: 7), payload: Frame.payload(payload))) != .sent {
            try poller.wait(.milliseconds(5))
        }
    }

    func sayRaw(_ frames: [[UInt8]]) throws {
        while try control.send(Message(frames.map { Frame($0) })) != .sent { try poller.wait(.milliseconds(5)) }
    }

    /// Sends frames on the lane; gives up when the broker listens no more.
    func sayRaw(_ frames: [[UInt8]], on lane: WireLane) throws {
        let socket = lane == .control ? control : data
        for _ in 0..<400 {
            if try socket.send(Message(frames.map { Frame($0) })) == .sent { return }
            try poller.wait(.milliseconds(5))
        }
    }

    /// Waits for the first message that `pick` takes; fails after half a minute.
    func wait<Answer>(_ pick: (WireMessage) -> Answer?) throws -> (Answer, payload: [UInt8]) {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            for (index, entry) in unread.enumerated() {
                guard let answer = pick(entry.message) else { continue }
                unread.remove(at: index)
                return (answer, entry.payload)
            }
            if try !read() { try poller.wait(.milliseconds(50)) }
        }
        throw Silence(description: "\(name) waited in vain; unread: \(unread.map(\.message.command))")
    }

    /// Whether the broker's end has let the control connection come about.
    func isConnected() throws -> Bool {
        try control.send(Message(Envelope(.heartbeat(.init())))) == .sent
    }

    /// Whether anything has come that nobody waited for.
    func hasUnread() throws -> Bool {
        _ = try read()
        return !unread.isEmpty
    }

    private func read() throws -> Bool {
        var heard = false
        for socket in [control, data] {
            while let message = try socket.receive() {
                heard = true
                guard case .envelope(let envelope) = message.decoded() else {
                    Issue.record("the broker sent what cannot be read")
                    continue
                }
                unread.append((envelope.message, message.payload.flatMap(\.bytes)))
            }
        }
        return heard
    }

    struct Silence: Error, CustomStringConvertible { let description: String }
}
