internal import Messaging

/// One of a peer's two connections with what waits to be sent on it. Belongs to the link's thread.
struct PeerLane {
    private let socket: Socket
    private let member: Poller.Member
    private let watch: ConnectionWatch
    private var waiting: [Message] = []
    private var isFull = false

    init(_ options: SocketOptions, to endpoint: Endpoint, in context: MessagingContext, _ poller: inout Poller) throws {
        socket = try Socket(.dealer, in: context, options: options)
        watch = try ConnectionWatch(socket)
        try socket.connect(endpoint)
        member = poller.add(socket)
        poller.add(watch)
    }

    /// Sends now or, when the connection is not up or its queue is full, as soon as it can.
    mutating func send(_ message: Message, _ poller: inout Poller) throws {
        waiting.append(message)
        if !isFull { try flush(&poller) }
    }

    /// Forgets what waits.
    mutating func clear() { waiting = [] }

    mutating func flushIfWritable(_ poller: inout Poller) throws {
        if isFull, poller.isWritable(member) { try flush(&poller) }
    }

    /// The connection has broken since this was asked last; what was under way on it is lost, and libzmq makes another.
    func hasBroken() throws -> Bool { try watch.hasBroken() }

    func isReadable(_ poller: Poller) -> Bool { poller.isReadable(member) }

    func receive() throws -> Message? { try socket.receive() }

    private mutating func flush(_ poller: inout Poller) throws {
        var sent = 0
        while sent < waiting.count, try socket.send(waiting[sent]) == .sent { sent += 1 }
        waiting.removeFirst(sent)
        isFull = !waiting.isEmpty
        poller.watchWritable(member, isFull)
    }
}
