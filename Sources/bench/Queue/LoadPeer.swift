import Messaging
import Nodes
import SwiftProtobuf
import Wire

/// A peer that keeps up with the broker: two connections on the thread that made it and no queue in between.
final class LoadPeer {
    private let control: Socket
    private let data: Socket
    private var poller = Poller()
    private let role: WireRole
    private let name: String
    private let credits: UInt32
    private var beatAt: Int64 = 0
    /// Lists the jobs in hand for each heartbeat.
    var progress: () -> [WireProgress] = { [] }

    init(_ role: WireRole, _ name: String, at endpoint: Endpoint, security: Security, credits: UInt32 = 0) throws {
        (self.role, self.name, self.credits) = (role, name, credits)
        let context = try MessagingContext()
        let options = SocketOptions(
            highWaterMark: 16_384, unreadLimit: 16_384, lingerMilliseconds: 0, security: security)
        control = try Socket(.dealer, in: context, options: options)
        data = try Socket(.dealer, in: context, options: options)
        poller.add(control)
        poller.add(data)
        for socket in [control, data] { try socket.connect(endpoint) }
    }

    /// Says HELLO on both connections and waits for both welcomes.
    func join() throws -> WireWelcome {
        for lane in [WireLane.control, .data] {
            let hello = WireHello.with {
                ($0.role, $0.lane, $0.peer, $0.session, $0.credits) = (role, lane, name, "\(name)-\(beatAt)", credits)
            }
            try say(.hello(hello), on: lane == .control ? control : data)
        }
        var welcomes: [WireWelcome] = []
        while welcomes.count < 2 {
            try wait(milliseconds: 100) { message, _ in
                if case .welcome(let welcome) = message { welcomes.append(welcome) }
            }
        }
        return welcomes[0]
    }

    func say(_ message: WireMessage, payload: [Frame] = []) throws {
        try say(message, payload: payload, on: message.command.rule.lane == .data ? data : control)
    }

    private func say(_ message: WireMessage, payload: [Frame] = [], on socket: Socket) throws {
        let message = Message(Envelope(message), payload: payload)
        while try socket.send(message) != .sent { try poller.wait(.milliseconds(1)) }
    }

    /// Hands over what has come, after waiting at most so long for the first message.
    func wait(milliseconds: Int64, _ hear: (WireMessage, ArraySlice<Frame>) throws -> Void) throws {
        let now = SteadyClock.milliseconds
        if now >= beatAt {
            if beatAt > 0 {
                try say(
                    .heartbeat(
                        .with {
                            $0.credits = credits
                            $0.progress = progress()
                        }))
            }
            beatAt = now + 1_000
        }
        try poller.wait(.milliseconds(milliseconds))
        for socket in [control, data] {
            while let message = try socket.receive() {
                guard case .envelope(let envelope) = message.decoded() else { continue }
                try hear(envelope.message, message.payload)
            }
        }
    }

    func leave() throws { try say(.goodbye(.init())) }
}
