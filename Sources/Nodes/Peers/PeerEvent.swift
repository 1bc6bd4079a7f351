package import Messaging
package import Wire

/// What a link tells its owner, on the link's thread.
package enum PeerEvent: Sendable {
    /// The broker knows us now. Whatever was not answered has to be said again: after a restart it knows nothing of it,
    /// and what was sent while there was no session is gone.
    case welcomed(WireWelcome)
    /// The session is gone; the link looks for the broker and `welcomed` follows.
    case lost(reason: String)
    /// The broker will never have this peer, or the sockets failed: the link does nothing more.
    case ended(PeerError)
    case message(WireMessage, payload: [Frame])
}

/// Why a request got no answer.
package struct PeerError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// No broker welcomed us in time.
        case unreachable
        /// The broker refused, for good or this time.
        case refused(WireError.Code)
        /// The broker is there but did not answer in time.
        case timedOut
        /// The broker answers, but nothing has come of what it was given for long.
        case silent
        /// The link was closed meanwhile.
        case closed
    }

    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    init(_ error: WireError) {
        self.init(.refused(error.code), error.reason)
    }
}
