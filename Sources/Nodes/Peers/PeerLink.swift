package import Logging
package import Messaging
internal import Synchronization
package import Wire

/// A peer's connection to the broker: two lanes, HELLO, heartbeats, and finding the broker again after it was restarted,
/// fell silent or gave way to its standby. One thread of its own; every method may be called from any thread.
///
///     let link = try PeerLink.open(.init(identity: identity, endpoints: [endpoint], logger: logger)) { event in … }
///     link.send(.result(result), payload: output)
///     let (status, _) = try link.request(.askStatus(.init()), timeout: .seconds(5))
///     try link.close(reason: "done")
///
/// What is sent while there is no session is dropped: an owner keeps what was not answered and says it again on
/// `welcomed`. Requests do that by themselves.
package final class PeerLink: Sendable {
    package struct Configuration: Sendable {
        package var identity: PeerIdentity
        /// The broker's, and the standby's if there is one.
        package var endpoints: [Endpoint]
        package var security: Security
        package var logger: Logger
        /// Asked on the link's thread for every HELLO and HEARTBEAT; must not block.
        package var report: @Sendable () -> PeerReport

        package init(
            identity: PeerIdentity, endpoints: [Endpoint], security: Security = .plain, logger: Logger,
            report: @escaping @Sendable () -> PeerReport = { PeerReport() }
        ) {
            self.identity = identity
            self.endpoints = endpoints
            self.security = security
            self.logger = logger
            self.report = report
        }
    }

    private let thread: NodeThread
    private let mailbox: Mailbox<PeerLoop.Command>
    private let standing: PeerStanding

    /// How the link stands with the broker, for people: why there is no answer.
    package var reason: String { standing.error.description }

    private init(_ thread: NodeThread, _ mailbox: Mailbox<PeerLoop.Command>, _ standing: PeerStanding) {
        self.thread = thread
        self.mailbox = mailbox
        self.standing = standing
    }

    /// Starts the link's thread; the session begins in the background.
    ///
    /// - Parameter handler: called on the link's thread with everything that happens; must not block, and may call
    ///   `send`.
    package static func open(
        _ configuration: Configuration, handler: @escaping @Sendable (PeerEvent) -> Void
    ) throws -> PeerLink {
        let mailbox = try Mailbox<PeerLoop.Command>()
        let standing = PeerStanding()
        let (thread, _) = try NodeThread.start("link") {
            let loop = try PeerLoop(configuration, mailbox, standing, handler)
            return ((), loop.run)
        }
        return PeerLink(thread, mailbox, standing)
    }

    /// Sends a message on the lane of its command.
    package func send(_ message: WireMessage, payload: [Frame] = []) {
        mailbox.post(.send(message, payload: payload))
    }

    /// Says HEARTBEAT before its time, because credits or held jobs have changed.
    package func beat() {
        mailbox.post(.heartbeat)
    }

    /// Asks the broker and blocks the calling thread until the answer comes: STATUS to ASK_STATUS, DONE to DRAIN_WORKER,
    /// CONTENT to FETCH, STORED to PUT. Never call it on the link's thread. A broker that is busy is asked again.
    ///
    /// - Parameter timeout: how long to look for a broker and to wait for its answer together.
    package func request(
        _ message: WireMessage, payload: [Frame] = [], timeout: Duration
    ) throws(PeerError) -> (message: WireMessage, payload: [Frame]) {
        let request = PeerRequest(message, payload: payload)
        mailbox.post(.ask(request))
        if standing.isClosed { throw standing.error }
        if let answer = request.wait(timeout) { return try answer.get() }
        mailbox.post(.forget(request))
        let pressure = request.putOffReason
        throw pressure.isEmpty ? standing.error : PeerError(.timedOut, "the broker puts us off: \(pressure)")
    }

    /// Says GOODBYE to the broker and ends the link; rethrows what ended it before.
    package func close(reason: String) throws {
        mailbox.post(.close(reason: reason))
        try thread.join()
    }
}

/// How the link stands with the broker, for threads that find no answer. Written by the link's thread.
final class PeerStanding: Sendable {
    enum Value: Sendable {
        case searching(endpoint: Endpoint?, lastRefusal: WireError?)
        case welcomed
        case closed(PeerError?)
    }

    private let value = Mutex(Value.searching(endpoint: nil, lastRefusal: nil))

    func become(_ new: Value) { value.withLock { $0 = new } }

    var isClosed: Bool { value.withLock { if case .closed = $0 { true } else { false } } }

    /// Why there is no answer.
    var error: PeerError {
        switch value.withLock({ $0 }) {
        case .searching(_, let refusal?): PeerError(.unreachable, "the broker does not welcome us: \(refusal.reason)")
        case .searching(let endpoint, nil):
            PeerError(
                .unreachable,
                "no broker answers at \(endpoint.map(\.description) ?? "its endpoint"): is it running, and is the endpoint right?"
            )
        case .welcomed: PeerError(.timedOut, "the broker did not answer in time")
        case .closed(let error): error ?? PeerError(.closed, "the connection to the broker was closed")
        }
    }
}
