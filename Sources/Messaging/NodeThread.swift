internal import CSupport
internal import Dispatch
internal import Glibc
internal import Synchronization

// pthread_join(3): joining a thread that was joined already is undefined; the lock in `join` lets only one call do it.

/// A named operating-system thread for everything that blocks or owns sockets.
///
///     let (thread, endpoint) = try NodeThread.start("broker") {
///         let socket = try Socket(.router, in: context, options: .data)
///         let endpoint = try socket.bind(.tcp(host: "127.0.0.1", port: 0))
///         return (endpoint, { try serve(socket) })
///     }
///     …
///     try thread.join()
package final class NodeThread: Sendable {
    /// What the thread goes on with once it is set up; not Sendable, because it never leaves the thread.
    package typealias Loop = () throws -> Void

    private static let stackBytes = 8 << 20

    /// Nil once joined.
    private let thread: Mutex<pthread_t?>
    private let ending: Ending

    /// How the loop ended; written by the thread, read after it was joined.
    private final class Ending: Sendable {
        let failure = Mutex<(any Error)?>(nil)
    }

    private init(_ thread: pthread_t, _ ending: Ending) {
        self.thread = Mutex(thread)
        self.ending = ending
    }

    /// Starts a thread, waits until `setUp` has returned on it, and rethrows what `setUp` throws.
    ///
    /// - Parameters:
    ///   - name: shown by `top -H`; the kernel keeps 15 bytes.
    ///   - setUp: makes, on the new thread, what the thread owns; returns what others may know and the loop.
    package static func start<Product: Sendable>(
        _ name: String, setUp: @escaping @Sendable () throws -> (Product, Loop)
    ) throws -> (NodeThread, Product) {
        let ending = Ending()
        let handshake = Handshake<Product>()
        let thread = try launch {
            auscult_set_thread_name(name)
            do {
                let (product, loop) = try setUp()
                handshake.answer(.success(product))
                do { try loop() } catch { ending.failure.withLock { $0 = error } }
            } catch {
                handshake.answer(.failure(error))
            }
        }
        let node = NodeThread(thread, ending)
        do {
            return (node, try handshake.wait())
        } catch {
            try node.join()
            throw error
        }
    }

    /// Waits until the loop has returned, and rethrows the error that ended it.
    package func join() throws {
        thread.withLock { thread in
            guard let running = thread else { return }
            pthread_join(running, nil)
            thread = nil
        }
        if let failure = ending.failure.withLock({ $0 }) { throw failure }
    }

    private static func launch(_ body: @escaping @Sendable () -> Void) throws(MessagingError) -> pthread_t {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        // The thread takes over the reference.
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let outcome = pthread_create(&thread, &attributes, runWork, work.toOpaque())
        guard outcome == 0 else {
            work.release()
            throw MessagingError(errno: outcome, "start a thread")
        }
        return thread
    }
}

/// The set-up's answer on its way from the new thread to the starter.
private final class Handshake<Product: Sendable>: Sendable {
    private let result = Mutex<Result<Product, any Error>?>(nil)
    private let answered = DispatchSemaphore(value: 0)

    func answer(_ result: Result<Product, any Error>) {
        self.result.withLock { $0 = result }
        answered.signal()
    }

    func wait() throws -> Product {
        while true {
            answered.wait()
            if let result = result.withLock({ $0 }) { return try result.get() }
        }
    }
}

private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func runWork(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
    return nil
}
