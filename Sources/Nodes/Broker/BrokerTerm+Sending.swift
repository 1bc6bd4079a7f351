internal import Brokerage
internal import Logging
internal import Messaging
internal import Wire

/// From answers to frames.
extension BrokerTerm {
    /// Sends an answer, with its payload from memory or, by way of the disk lane, from the store.
    func tell(_ answer: Answer, to peer: PeerID, _ request: RequestID?) throws {
        if case .content(let hash, let payload, let inTurn) = answer {
            return try tell(hash, payload, inTurn: inTurn, to: peer, request)
        }
        switch answer.payload {
        case .none: try send(answer, payload: [], to: peer, request)
        case .memory(let blob): try send(answer, payload: payloads[blob.number] ?? [], to: peer, request)
        case .clip:
            guard case .dispatch(let dispatch) = answer, case .score(let clip, _) = dispatch.work else { return }
            lanes.disk.load(dispatch, of: clip, for: peer)
        case .content: break
        }
    }

    func send(_ answer: Answer, payload: [Frame], to peer: PeerID, _ request: RequestID?) throws {
        if case .reject(_, let refusal) = answer { porter.count(refusal.error.code) }
        guard let session = sessions[peer] else { return }
        let message = WireMessage(
            answer, payloadBytes: payload.reduce(0) { $0 + $1.count }, minor: session.minorVersion,
            configuration: configuration.broker)
        let envelope = Envelope(message, sequence: request?.sequence ?? 0, minor: session.minorVersion)
        let payload = counted(payload, to: peer)
        let rule = message.command.rule
        switch (answer, rule.lane) {
        case (.welcome, _):
            _ = try send(Message(envelope, to: session.control), peer)
            if session.data != nil { _ = try send(Message(envelope, to: session.data), peer) }
        case (.dispatch(let dispatch), _):
            guard try !send(Message(envelope, payload: payload, to: session.data), peer) else { return }
            try handle(.undelivered(peer, dispatch.token))
        case (_, .data):
            guard try !send(Message(envelope, payload: payload, to: session.data), peer) else { return }
            try handle(.undelivered(peer, nil))
        default:
            guard try !send(Message(envelope, to: session.control), peer) else { return }
            try handle(.undelivered(peer, nil))
        }
    }

    /// Returns false when the peer cannot be reached on this connection.
    private func send(_ message: Messaging.Message, _ peer: PeerID) throws -> Bool {
        guard let route = message.route else { return false }
        switch try socket.send(message) {
        case .sent: return true
        case .full:
            // What it missed it will ask for after the next HELLO.
            try expel(peer, WireError(.notReading, "what the broker sends is not read: say HELLO again"))
            return false
        case .unroutable:
            sessions.unlink(route)
            // The peer's other connection may live and think that all is well.
            if let other = sessions[peer]?.control {
                let error = WireError(.notWelcomed, "your other connection is gone: say HELLO on both")
                _ = try socket.send(Message(Envelope(.reject(error)), to: other))
            }
            return false
        }
    }
}
