internal import CZeroMQ
internal import Synchronization

// zmq_socket_monitor: "The monitoring endpoint supports only inproc:// … applications shall use a ZMQ_PAIR socket". The
// events of a socket are sent by whichever thread causes them, and a full PAIR would make libzmq's own threads wait: so
// only one kind of event is asked for, and the watch ends before its reading end is closed.

/// Tells when a connection of a socket has broken. Belongs to the thread of the socket, and keeps it alive.
package final class ConnectionWatch {
    private static let numbers = Atomic<UInt64>(0)

    private let watched: Socket
    let handle: UnsafeMutableRawPointer

    /// To be made before the socket connects.
    package init(_ socket: Socket) throws(MessagingError) {
        let number = Self.numbers.add(1, ordering: .relaxed).newValue
        let address = "inproc://auscult.watch.\(number)"
        guard zmq_socket_monitor(socket.handle, address, ZMQ_EVENT_DISCONNECTED) == 0 else {
            throw .last("watch the connections of a socket")
        }
        guard let handle = zmq_socket(socket.context.handle, ZMQ_PAIR) else { throw .last("create a socket") }
        watched = socket
        self.handle = handle
        guard zmq_connect(handle, address) == 0 else { throw .last("watch the connections of a socket") }
    }

    deinit {
        zmq_socket_monitor(watched.handle, nil, 0)
        zmq_close(handle)
    }

    /// Whether a connection has broken since this was asked last.
    package func hasBroken() throws(MessagingError) -> Bool {
        var broken = false
        var event = zmq_msg_t()
        zmq_msg_init(&event)
        defer { zmq_msg_close(&event) }
        // Two frames for each event; what they say is known.
        while retryingInterrupted({ zmq_msg_recv(&event, handle, ZMQ_DONTWAIT) }) >= 0 { broken = true }
        guard zmq_errno() == EAGAIN else { throw .last("watch the connections of a socket") }
        return broken
    }
}
