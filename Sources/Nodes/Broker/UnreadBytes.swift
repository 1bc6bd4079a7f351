internal import Messaging
internal import Synchronization

/// The bytes of payload that a peer was sent and has not taken yet, by libzmq's word.
///
/// Any thread: libzmq gives frames back on its own.
final class UnreadBytes: Sendable {
    /// Smaller frames are left to the limit on messages.
    private static let smallestCounted = 4_096

    private let limit: Int
    /// Called once there is room again, when somebody has found that there was none.
    private let relieved: @Sendable () -> Void
    private let count = Atomic<Int>(0)
    private let isAwaited = Atomic<Bool>(false)

    init(limit: Int, relieved: @escaping @Sendable () -> Void) {
        self.limit = limit
        self.relieved = relieved
    }

    /// Whether the peer may be sent more; if not, `relieved` will be called when it may.
    func hasRoom() -> Bool {
        if count.load(ordering: .sequentiallyConsistent) < limit { return true }
        isAwaited.store(true, ordering: .sequentiallyConsistent)
        // It may have taken something before it could know that somebody waits.
        guard count.load(ordering: .sequentiallyConsistent) < limit else { return false }
        isAwaited.store(false, ordering: .sequentiallyConsistent)
        return true
    }

    /// The same bytes, counted until libzmq needs them no more.
    func counting(_ frame: Frame) -> Frame {
        let byteCount = frame.count
        guard byteCount >= Self.smallestCounted else { return frame }
        count.add(byteCount, ordering: .sequentiallyConsistent)
        return Frame(lending: frame) { [self] in
            let left = count.subtract(byteCount, ordering: .sequentiallyConsistent).newValue
            guard left < limit, isAwaited.exchange(false, ordering: .sequentiallyConsistent) else { return }
            relieved()
        }
    }
}
