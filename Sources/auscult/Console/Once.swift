import Synchronization

/// Something to do the first time it is called, from whatever thread.
final class Once: Sendable {
    private let isDone = Mutex(false)
    private let body: @Sendable () throws -> Void

    init(_ body: @escaping @Sendable () throws -> Void) { self.body = body }

    func call() {
        let isFirst = isDone.withLock { done in
            defer { done = true }
            return !done
        }
        guard isFirst else { return }
        do { try body() } catch { Console.note("\(error)") }
    }
}
