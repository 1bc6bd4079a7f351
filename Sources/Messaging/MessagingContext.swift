internal import CZeroMQ

// libzmq: "A ØMQ context is thread safe and may be shared among as many application threads as necessary, without any
// additional locking required on the part of the caller." (zmq_ctx_new)

/// The libzmq context of a process: its I/O threads and all its sockets. One per process is enough.
///
/// Every `Socket` keeps its context alive, so the context ends after the last socket, on whichever thread drops it last;
/// that thread waits until lingering messages are sent or their linger time is over.
package final class MessagingContext: @unchecked Sendable {
    // Never changes after init; libzmq contexts are thread safe.
    let handle: UnsafeMutableRawPointer

    /// - Parameter ioThreads: threads that move bytes between sockets and the network, at least 1.
    package init(ioThreads: Int = 1) throws(MessagingError) {
        precondition(ioThreads >= 1, "a context needs at least one I/O thread, got \(ioThreads)")
        guard let handle = zmq_ctx_new() else { throw .last("create a messaging context") }
        zmq_ctx_set(handle, ZMQ_IO_THREADS, Int32(ioThreads))
        self.handle = handle
    }

    deinit {
        _ = retryingInterrupted { zmq_ctx_term(handle) }
    }
}
