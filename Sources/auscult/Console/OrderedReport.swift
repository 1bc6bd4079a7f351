import Dispatch
import Synchronization

/// Values computed on several threads and shown in their order, each as soon as all before it are there.
final class OrderedReport<Value: Sendable>: Sendable {
    private struct State: Sendable {
        var values: [Value?]
        var started = 0
        var shown = 0
        var failure: (any Error)?
    }

    private let state: Mutex<State>
    private let show: @Sendable (Value) throws -> Void

    init(count: Int, show: @escaping @Sendable (Value) throws -> Void) {
        state = Mutex(State(values: Array(repeating: nil, count: count)))
        self.show = show
    }

    /// The values so far, in order.
    var values: [Value] { state.withLock { $0.values.compactMap { $0 } } }

    /// Computes every value; throws the first error of `prepare`, and ends with the first value that cannot be shown.
    ///
    /// - Parameter prepare: called once on each thread; what it returns computes the value of an index, on that thread.
    func fill(threads: Int, prepare: @Sendable () throws -> (Int) -> Value) throws {
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            do {
                let compute = try prepare()
                while let index = next() { finish(index, compute(index)) }
            } catch {
                state.withLock { $0.failure = $0.failure ?? error }
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    private func next() -> Int? {
        state.withLock { state in
            guard state.failure == nil, state.started < state.values.count else { return nil }
            defer { state.started += 1 }
            return state.started
        }
    }

    private func finish(_ index: Int, _ value: Value) {
        state.withLock { state in
            state.values[index] = value
            while state.failure == nil, state.shown < state.values.count, let ready = state.values[state.shown] {
                do { try show(ready) } catch { state.failure = error }
                state.shown += 1
            }
        }
    }
}
