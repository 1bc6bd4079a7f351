internal import CSupport
internal import Glibc

// eventfd(2): reads and writes are atomic; any thread may make them.

/// Wakes a thread that waits in `poll`: an eventfd with ownership.
package final class WakeSignal: Sendable {
    package let descriptor: Int32

    package init() throws(MessagingError) {
        descriptor = auscult_eventfd()
        guard descriptor >= 0 else { throw MessagingError(errno: errno, "create a wake-up signal") }
    }

    deinit {
        close(descriptor)
    }

    /// Makes the descriptor readable until `clear`.
    package func raise() {
        var one: UInt64 = 1
        // Fails only when 2^64 - 2 signals are pending, and then the descriptor is readable already.
        _ = retryingInterrupted { write(descriptor, &one, MemoryLayout<UInt64>.size) }
    }

    package func clear() {
        var count: UInt64 = 0
        // Fails only when nothing is pending, and then there is nothing to clear.
        _ = retryingInterrupted { read(descriptor, &count, MemoryLayout<UInt64>.size) }
    }

    /// Blocks the calling thread until the signal is raised.
    package func wait() {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = retryingInterrupted { poll(&item, 1, -1) }
    }
}
