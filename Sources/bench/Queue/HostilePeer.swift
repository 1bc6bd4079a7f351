import Messaging
import Nodes
import Plant
import SwiftProtobuf
import Wire

/// Peers that say an honest HELLO and then what no honest peer says, one after the other: each until the broker listens to
/// it no more.
struct HostilePeer: Sendable {
    let endpoint: Endpoint
    let role: WireRole
    let security: Security
    let seed: UInt64
    let messages: Int

    private static let messagesPerConnection = 512

    /// Says all messages; returns how many there were.
    func run() throws -> Int {
        let context = try MessagingContext()
        let parties = Parties(role)
        // A worker that asks for jobs gets them, as it should, and those are not honest work disturbed.
        let isWorker = role == .worker
        var hostile = HostileMessages(seed: seed, isMutated: !isWorker) {
            $0.rule.senders.contains(parties) && !(isWorker && [.hello, .heartbeat].contains($0))
        }
        var said = 0
        var visits = 0
        while said < messages {
            visits += 1
            said += try visit(
                "hostile-\(seed)-\(visits)", min(messages - said, Self.messagesPerConnection), &hostile, context)
        }
        return said
    }

    private func visit(
        _ name: String, _ count: Int, _ hostile: inout HostileMessages, _ context: MessagingContext
    ) throws -> Int {
        var poller = Poller()
        let options = SocketOptions(lingerMilliseconds: 0, security: security)
        let sockets = try (0..<2).map { _ in
            let socket = try Socket(.dealer, in: context, options: options)
            try socket.connect(endpoint)
            poller.watchWritable(poller.add(socket), true)
            return socket
        }
        func send(_ message: Messaging.Message, on socket: Socket) throws {
            for _ in 0..<2_000 {
                if try socket.send(message) == .sent { return }
                try poller.wait(.milliseconds(2))
            }
        }
        for (lane, socket) in zip([WireLane.control, .data], sockets) {
            let hello = WireHello.with { ($0.role, $0.lane, $0.peer, $0.session) = (role, lane, name, "1") }
            try send(Message(Envelope(.hello(hello))), on: socket)
        }
        for number in 0..<count {
            let (frames, isData) = hostile.next()
            try send(Message(frames), on: sockets[isData ? 1 : 0])
            for socket in sockets {
                while let answer = try socket.receive() {
                    guard case .envelope(let envelope) = answer.decoded(), case .reject(let reject) = envelope.message,
                        reject.error.code == .dropped
                    else { continue }
                    return number + 1
                }
            }
        }
        return count
    }
}
