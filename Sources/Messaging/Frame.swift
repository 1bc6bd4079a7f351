internal import CZeroMQ
internal import Synchronization

// libzmq: "Never access zmq_msg_t members directly, instead always use the zmq_msg family of functions." A zmq_msg_t is
// not thread safe: zmq_msg_copy also writes to its source, which is why sending takes the frame's lock.

/// One part of a message: immutable bytes in memory of libzmq, shared by reference.
///
/// Received frames can be kept, handed to another thread and sent on without a copy of their bytes; a frame made with
/// `init(byteCount:filledBy:)` is written once, in place, and sent without a copy too.
package final class Frame: @unchecked Sendable {
    // `message` itself is protected by `sending`; the bytes it owns never change after init.
    private let message: UnsafeMutablePointer<zmq_msg_t>
    private let sending = Mutex(())
    private let content: UnsafeRawBufferPointer

    /// Takes over an initialised message and its allocation.
    init(owning message: UnsafeMutablePointer<zmq_msg_t>) {
        self.message = message
        content = UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message))
    }

    /// Makes a frame of `byteCount` bytes that `fill` writes in place; `fill` sees uninitialised memory and must write all.
    package convenience init(
        byteCount: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) rethrows {
        let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        let outcome = zmq_msg_init_size(message, byteCount)
        precondition(outcome == 0, "out of memory for a frame of \(byteCount) bytes")
        do {
            try fill(UnsafeMutableRawBufferPointer(start: zmq_msg_data(message), count: byteCount))
        } catch {
            zmq_msg_close(message)
            message.deallocate()
            throw error
        }
        self.init(owning: message)
    }

    /// Copies `bytes` once.
    package convenience init(_ bytes: UnsafeRawBufferPointer) {
        self.init(byteCount: bytes.count) { $0.copyMemory(from: bytes) }
    }

    /// Copies `bytes` once.
    package convenience init(_ bytes: [UInt8]) {
        self.init(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    }

    deinit {
        zmq_msg_close(message)
        message.deallocate()
    }

    /// Bytes in the frame.
    package var count: Int { content.count }

    /// Whom authentication found at the other end of the connection the frame came from.
    var user: String? { zmq_msg_gets(message, "User-Id").map { String(cString: $0) } }

    /// A copy of the bytes.
    package var bytes: [UInt8] { Array(content) }

    /// Lends the bytes for the duration of `body`.
    package func withUnsafeBytes<Answer, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        try body(content)
    }

    /// Hands a reference to the bytes to libzmq. Returns what `zmq_msg_send` returned.
    func send(on socket: UnsafeMutableRawPointer, flags: Int32) -> Int32 {
        var reference = zmq_msg_t()
        zmq_msg_init(&reference)
        sending.withLock { _ in _ = zmq_msg_copy(&reference, message) }
        let sent = retryingInterrupted { zmq_msg_send(&reference, socket, flags) }
        if sent < 0 { zmq_msg_close(&reference) }
        return sent
    }
}
