internal import CZeroMQ

// libzmq calls the function given to zmq_msg_init_data "when the data buffer is no longer needed", on any thread.

extension Frame {
    /// Lends libzmq the bytes of another frame, without a copy; `returned` is called, on any thread, once neither libzmq
    /// nor anybody here needs this frame any more.
    package convenience init(lending frame: Frame, returned: @escaping @Sendable () -> Void) {
        let loan = Unmanaged.passRetained(Loan(frame, returned))
        let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        let outcome = frame.withUnsafeBytes { bytes in
            zmq_msg_init_data(
                message, UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count,
                { _, loan in
                    if let loan { Unmanaged<Loan>.fromOpaque(loan).takeRetainedValue().end() }
                }, loan.toOpaque())
        }
        precondition(outcome == 0, "out of memory for lending a frame of \(frame.count) bytes")
        self.init(owning: message)
    }

    private final class Loan: Sendable {
        /// Keeps the bytes alive.
        private let frame: Frame
        private let returned: @Sendable () -> Void

        init(_ frame: Frame, _ returned: @escaping @Sendable () -> Void) {
            (self.frame, self.returned) = (frame, returned)
        }

        func end() { returned() }
    }
}
