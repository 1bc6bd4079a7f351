internal import CZeroMQ

/// Waits until a socket has a message, a mailbox has commands, or time is up.
///
/// Belongs to the thread of its sockets.
package struct Poller {
    /// Names what was added.
    package struct Member: Hashable, Sendable { fileprivate let index: Int }

    private var items: [zmq_pollitem_t] = []
    // Keeps what is polled alive.
    private var owners: [AnyObject] = []

    package init() {}

    @discardableResult
    package mutating func add(_ socket: Socket) -> Member {
        add(zmq_pollitem_t(socket: socket.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0), owner: socket)
    }

    @discardableResult
    package mutating func add(_ watch: ConnectionWatch) -> Member {
        add(zmq_pollitem_t(socket: watch.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0), owner: watch)
    }

    @discardableResult
    package mutating func add(_ signal: WakeSignal) -> Member {
        add(zmq_pollitem_t(socket: nil, fd: signal.descriptor, events: Int16(ZMQ_POLLIN), revents: 0), owner: signal)
    }

    @discardableResult
    package mutating func add<Command>(_ mailbox: Mailbox<Command>) -> Member {
        add(mailbox.signal)
    }

    private mutating func add(_ item: zmq_pollitem_t, owner: AnyObject) -> Member {
        items.append(item)
        owners.append(owner)
        return Member(index: items.count - 1)
    }

    /// Also wakes when `member`, a DEALER that said `.full`, takes messages again.
    package mutating func watchWritable(_ member: Member, _ watched: Bool) {
        items[member.index].events = Int16(watched ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN)
    }

    /// Waits at most `timeout`, rounded up to milliseconds; for ever when nil.
    package mutating func wait(_ timeout: Duration?) throws(MessagingError) {
        var milliseconds = -1
        if let timeout {
            let (seconds, attoseconds) = timeout.components
            let wanted = Double(seconds) * 1e3 + Double(attoseconds) / 1e15
            milliseconds = Int(min(max(wanted, 0), 86_400_000).rounded(.up))
        }
        let ready = retryingInterrupted { zmq_poll(&items, Int32(items.count), milliseconds) }
        guard ready >= 0 else { throw .last("wait for messages") }
    }

    package func isReadable(_ member: Member) -> Bool {
        items[member.index].revents & Int16(ZMQ_POLLIN) != 0
    }

    package func isWritable(_ member: Member) -> Bool {
        items[member.index].revents & Int16(ZMQ_POLLOUT) != 0
    }
}
