internal import CZeroMQ

/// How the connections of a socket are protected.
package enum Security: Hashable, Sendable {
    /// Not at all: for loopback and ipc, where the system says who may come.
    case plain
    /// The broker's side of CURVE. A `ZAPSocket` of the same context decides whose keys are let in.
    case curveServer(CurveKeyPair)
    /// A peer's side: its own keys, and the one public key that the broker must prove to own.
    case curveClient(CurveKeyPair, broker: CurveKey)
}

extension Security {
    /// What a frame may have on the wire beyond its own bytes: 33 of CURVE (a name, a nonce, a code of authentication and
    /// flags), and some for a frame that is a little too large.
    package static let frameRoom = 4_096
}

extension Socket {
    /// Before bind and connect: libzmq looks at these options then.
    func protect(by security: Security) throws(MessagingError) {
        switch security {
        case .plain: break
        case .curveServer(let pair):
            var one: Int32 = 1
            guard zmq_setsockopt(handle, ZMQ_CURVE_SERVER, &one, MemoryLayout<Int32>.size) == 0 else {
                throw .last("protect a socket by CURVE")
            }
            try set(ZMQ_CURVE_SECRETKEY, pair.secret)
        case .curveClient(let pair, let broker):
            try set(ZMQ_CURVE_SERVERKEY, broker.text)
            try set(ZMQ_CURVE_PUBLICKEY, pair.publicKey.text)
            try set(ZMQ_CURVE_SECRETKEY, pair.secret)
        }
    }

    private func set(_ option: Int32, _ key: String) throws(MessagingError) {
        // 41 bytes: the text and its terminator.
        guard zmq_setsockopt(handle, option, key, CurveKey.characterCount + 1) == 0 else {
            throw .last("give a socket its key")
        }
    }
}
