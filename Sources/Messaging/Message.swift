/// A multipart message as it was received or is to be sent.
package struct Message: Sendable {
    /// On a ROUTER the connection it came from or goes to; nil on a DEALER.
    package var route: Route?
    /// On a ROUTER with CURVE the key whose owner sent it.
    package var user: CurveKey?
    package var frames: [Frame]

    package init(route: Route? = nil, _ frames: [Frame]) {
        self.route = route
        self.frames = frames
    }
}

/// One connection of a ROUTER; the router assigns it, and a peer that reconnects gets another.
package struct Route: Hashable, Sendable, CustomStringConvertible {
    let bytes: [UInt8]

    package var description: String {
        bytes.reduce(into: "route ") { text, byte in
            let digits = String(byte, radix: 16)
            text += digits.count == 1 ? "0" + digits : digits
        }
    }
}

/// What became of a message handed to `Socket.send`.
package enum SendOutcome: Hashable, Sendable {
    /// libzmq has it. Only an answer of the peer says that it arrived.
    case sent
    /// The connection is gone; a ROUTER says so.
    case unroutable
    /// No connection yet, or the connection's queue has reached its high-water mark. Try again later.
    case full
}
