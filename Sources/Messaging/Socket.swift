internal import CZeroMQ
internal import Glibc

// libzmq: "ØMQ sockets are not thread safe. Applications MUST NOT use a socket from multiple threads except after
// migrating a socket from one thread to another with a 'full fence' memory barrier." (zmq_socket) Ours never migrate:
// the class is not Sendable, and the thread that made a socket is the only one that uses and closes it.
//
// libzmq 4.3.4 aborts the process (session_base.cpp, its issue 3442) when a socket is closed while a message of several
// frames is half sent and the connection breaks in the same moment. Close a socket after its last answer has come, or
// when its connection is dead already.
//
// It also aborts (stream_engine_base.cpp: !_io_error) when a heartbeat of its own protocol, ZMTP, is due on a connection that
// broke while more was received than anybody had read: so there are none. Peers say HEARTBEAT, and TCP keep-alive finds the
// hosts that vanished.

/// A ROUTER (the broker's side) or a DEALER (a peer's side). No call ever blocks.
package final class Socket {
    package enum Kind: Hashable, Sendable {
        case router, dealer
        /// REP, for authentication only.
        case reply
    }

    package let kind: Kind
    let handle: UnsafeMutableRawPointer
    let context: MessagingContext
    private let frameCount: Int
    private let security: Security

    /// Makes a socket on the calling thread, which from now on is its only one.
    package init(_ kind: Kind, in context: MessagingContext, options: SocketOptions) throws(MessagingError) {
        let type =
            switch kind {
            case .router: ZMQ_ROUTER
            case .dealer: ZMQ_DEALER
            case .reply: ZMQ_REP
            }
        guard let handle = zmq_socket(context.handle, type) else { throw .last("create a socket") }
        self.kind = kind
        self.handle = handle
        self.context = context
        frameCount = options.frameCount
        security = options.security

        try set(ZMQ_SNDHWM, options.highWaterMark)
        try set(ZMQ_RCVHWM, options.unreadLimit)
        try set(ZMQ_LINGER, options.lingerMilliseconds)
        // libzmq counts what CURVE wraps a frame in as well; and a frame that is only a little too large is to be answered
        // by whoever reads it, which a broken connection cannot be.
        var frameBytes = Int64(options.frameBytes + Security.frameRoom)
        guard zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &frameBytes, MemoryLayout<Int64>.size) == 0 else {
            throw .last("limit the frame size of a socket")
        }
        // A connection that opens and then says nothing, or that died without a FIN.
        try set(ZMQ_HANDSHAKE_IVL, 5_000)
        try set(ZMQ_TCP_KEEPALIVE, 1)
        try set(ZMQ_TCP_KEEPALIVE_IDLE, 5)
        try set(ZMQ_TCP_KEEPALIVE_INTVL, 2)
        try set(ZMQ_TCP_KEEPALIVE_CNT, 3)
        switch kind {
        case .router:
            // Without it a message to a vanished peer disappears in silence.
            try set(ZMQ_ROUTER_MANDATORY, 1)
            try set(ZMQ_BACKLOG, 1_024)
        case .dealer:
            // Queue only for a connection that exists; a lost SYN must not stall us for two minutes.
            try set(ZMQ_IMMEDIATE, 1)
            try set(ZMQ_CONNECT_TIMEOUT, 2_000)
            try set(ZMQ_RECONNECT_IVL, 50)
            try set(ZMQ_RECONNECT_IVL_MAX, 500)
        case .reply: break
        }
        try protect(by: options.security)
    }

    deinit {
        zmq_close(handle)
    }

    private func set(_ option: Int32, _ value: Int) throws(MessagingError) {
        var value = Int32(value)
        guard zmq_setsockopt(handle, option, &value, MemoryLayout<Int32>.size) == 0 else {
            throw .last("set option \(option) of a socket to \(value)")
        }
    }
}

extension Socket {
    /// Listens, and returns the endpoint with the port that was really taken.
    ///
    /// - Throws: `.unprotected` for an endpoint that other hosts can reach while there are no keys: nothing would tell
    ///   friend from stranger.
    package func bind(_ endpoint: Endpoint) throws(MessagingError) -> Endpoint {
        guard endpoint.isLocal || security != .plain else {
            throw MessagingError(
                .unprotected,
                """
                refusing to listen on \(endpoint) without keys: anybody who reaches it could push clips and take jobs, \
                because connections are neither encrypted nor authenticated; give keys (auscult keys new), or listen \
                on tcp://127.0.0.1:PORT or ipc://PATH
                """)
        }
        if case .ipc(let path) = endpoint, Self.someoneListens(at: path) {
            throw MessagingError(errno: EADDRINUSE, "listen on \(endpoint)")
        }
        let place = try endpoint.resolved()
        try set(ZMQ_IPV6, place.needsIPv6 ? 1 : 0)
        guard zmq_bind(handle, place.description) == 0 else { throw .last("listen on \(endpoint)") }
        // Whatever the umask: who may connect is decided here. A name that begins with @ is no file.
        if case .ipc(let path) = endpoint, !path.hasPrefix("@"), chmod(path, 0o600) != 0 {
            throw MessagingError(errno: errno, "protect \(endpoint)")
        }
        var name = [CChar](repeating: 0, count: 256)
        var length = name.count
        guard zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &name, &length) == 0 else {
            throw .last("read the endpoint of a socket")
        }
        return try Endpoint(String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    /// Starts connecting; libzmq connects in the background and again whenever the connection breaks.
    package func connect(_ endpoint: Endpoint) throws(MessagingError) {
        try set(ZMQ_IPV6, endpoint.needsIPv6 ? 1 : 0)
        guard zmq_connect(handle, endpoint.description) == 0 else { throw .last("connect to \(endpoint)") }
    }

    /// libzmq would silently take a socket file over from a running process.
    private static func someoneListens(at path: String) -> Bool {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                Glibc.connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}

extension Socket {
    /// Hands a message to libzmq, all frames or none. On a ROUTER `message.route` must be set.
    package func send(_ message: Message) throws(MessagingError) -> SendOutcome {
        precondition((message.route != nil) == (kind == .router), "a route is for a ROUTER, and a ROUTER needs one")
        precondition(!message.frames.isEmpty, "a message has at least one frame")
        if let route = message.route {
            let sent = retryingInterrupted {
                zmq_send(handle, route.bytes, route.bytes.count, ZMQ_DONTWAIT | ZMQ_SNDMORE)
            }
            if sent < 0 { return try refusal() }
        }
        var outcome = SendOutcome.sent
        for (index, frame) in message.frames.enumerated() {
            let more = index + 1 < message.frames.count ? ZMQ_SNDMORE : 0
            guard frame.send(on: handle, flags: ZMQ_DONTWAIT | more) < 0 else { continue }
            let refusal = try refusal()
            if index == 0 { return refusal }
            // The connection broke half-way: libzmq rolled the message back and swallows the frames that follow.
            outcome = refusal
        }
        return outcome
    }

    private func refusal() throws(MessagingError) -> SendOutcome {
        switch zmq_errno() {
        case EAGAIN: .full
        case EHOSTUNREACH: .unroutable
        default: throw .last("send a message")
        }
    }

    /// The next message, nil when there is none now.
    package func receive() throws(MessagingError) -> Message? {
        guard let first = try receiveFrame() else { return nil }
        var message = Message([])
        var more = first.more
        if kind == .router {
            message.route = Route(bytes: first.frame.bytes)
        } else {
            message.frames.append(first.frame)
        }
        while more, let next = try receiveFrame() {
            if message.frames.count < frameCount { message.frames.append(next.frame) }
            more = next.more
        }
        // Of a payload frame: libzmq loses it on a routing frame that was fetched ahead.
        if case .curveServer = security { message.user = message.frames.first?.user.flatMap { CurveKey($0) } }
        return message
    }

    private func receiveFrame() throws(MessagingError) -> (frame: Frame, more: Bool)? {
        let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        zmq_msg_init(message)
        guard retryingInterrupted({ zmq_msg_recv(message, handle, ZMQ_DONTWAIT) }) >= 0 else {
            let number = zmq_errno()
            zmq_msg_close(message)
            message.deallocate()
            if number == EAGAIN { return nil }
            throw MessagingError(errno: number, "receive a message")
        }
        let more = zmq_msg_more(message) != 0
        return (Frame(owning: message), more)
    }
}
