internal import Dispatch
internal import Messaging
internal import Plant
internal import Synchronization
internal import Wire

/// A question to the broker and the thread that waits for its answer.
final class PeerRequest: Sendable {
    typealias Answer = (message: WireMessage, payload: [Frame])

    let message: WireMessage
    let payload: [Frame]
    private let outcome = Mutex<Result<Answer, PeerError>?>(nil)
    private let answered = DispatchSemaphore(value: 0)
    private let pressure = Mutex("")

    init(_ message: WireMessage, payload: [Frame]) {
        self.message = message
        self.payload = payload
    }

    /// Wakes the waiting thread; only the first answer counts.
    func answer(_ result: Result<Answer, PeerError>) {
        let isFirst = outcome.withLock { outcome in
            guard outcome == nil else { return false }
            outcome = result
            return true
        }
        if isFirst { answered.signal() }
    }

    /// The broker wants to be asked later, and why.
    func isPutOff(because reason: String) { pressure.withLock { $0 = reason } }

    /// Why the broker put it off last; empty when it did not.
    var putOffReason: String { pressure.withLock { $0 } }

    /// Blocks until there is an answer; nil when `timeout` has passed without one.
    func wait(_ timeout: Duration) -> Result<Answer, PeerError>? {
        let (seconds, attoseconds) = timeout.components
        let deadline = DispatchTime.now() + .seconds(Int(seconds)) + .nanoseconds(Int(attoseconds / 1_000_000_000))
        guard answered.wait(timeout: deadline) == .success else { return nil }
        return outcome.withLock { $0 }
    }
}
