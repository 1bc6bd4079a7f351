import Messaging
import Nodes
import SwiftProtobuf
import Wire

/// A broker that welcomes whoever comes and then says what no honest broker says.
final class HostileBroker {
    let endpoint: Endpoint
    private let socket: Socket
    private let door: ZAPSocket?
    private var poller = Poller()
    private var routes: [WireLane: Route] = [:]
    private var hostile: HostileMessages

    init(security: Security, seed: UInt64) throws {
        let context = try MessagingContext()
        door = security == .plain ? nil : try ZAPSocket(in: context)
        socket = try Socket(
            .router, in: context, options: SocketOptions(lingerMilliseconds: 0, frameCount: 260, security: security))
        endpoint = try socket.bind(.tcp(host: "127.0.0.1", port: 0))
        hostile = HostileMessages(seed: seed) { $0.rule.senders.contains(.broker) && $0 != .welcome }
        poller.add(socket)
        if let door { poller.add(door) }
    }

    /// Says so many messages to the one peer that comes; returns how many it took within the time.
    func run(_ count: Int, for span: Duration) throws -> Int {
        let end = ContinuousClock.now + span
        var said = 0
        while said < count, ContinuousClock.now < end {
            try door?.answer { _ in true }
            while let message = try socket.receive() { try answer(message) }
            guard routes.count == 2 else {
                try poller.wait(.milliseconds(5))
                continue
            }
            let (frames, isData) = hostile.next()
            guard let route = routes[isData ? .data : .control] else { continue }
            switch try socket.send(Message(route: route, frames)) {
            case .sent: said += 1
            case .full: try poller.wait(.milliseconds(1))
            case .unroutable: routes = [:]
            }
        }
        return said
    }

    private func answer(_ message: Messaging.Message) throws {
        guard let route = message.route, case .envelope(let envelope) = message.decoded() else { return }
        var reply: WireMessage?
        switch envelope.message {
        case .hello(let hello):
            routes[hello.lane] = route
            reply = .welcome(
                .with {
                    $0.epoch = 1
                    ($0.limits.heartbeatMilliseconds, $0.limits.missedHeartbeats) = (1_000, 100)
                    ($0.limits.payloadBytes, $0.limits.creditBytes) = (64 << 20, 32 << 20)
                })
        case .heartbeat: reply = .heartbeat(.init())
        case .fetch: reply = .reject(WireError(.unknownContent, "nobody has it"))
        case .put(let put): reply = .stored(.with { $0.sha256 = put.sha256 })
        case .result(let result): reply = .resultAck(.with { ($0.token, $0.job) = (result.token, result.job) })
        default: break
        }
        guard let reply else { return }
        _ = try socket.send(Message(Envelope(reply, sequence: envelope.sequence), to: route))
    }
}
