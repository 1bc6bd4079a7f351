internal import CSupport
internal import Glibc

/// Tells a service when to stop: SIGTERM, SIGINT, or the death of the process that supervises it.
///
/// A supervisor gives each child the reading end of a pipe that nobody writes to (`AUSCULT_LIFELINE` is its
/// descriptor); when the supervisor ends, however it ends, the pipe closes and the child stops by itself.
/// Create it first thing in `main`: the signals are blocked in every thread started later.
package struct StopSignal: Sendable {
    package enum Reason: Sendable, Equatable {
        case terminate
        case interrupt
        case orphaned
    }

    /// The environment variable with the number of the lifeline's descriptor.
    package static let lifelineVariable = "AUSCULT_LIFELINE"

    private let signals: Int32
    private let lifeline: Int32?

    package init() {
        signals = auscult_stop_signals()
        precondition(signals >= 0, "signalfd failed with errno \(errno)")
        lifeline = getenv(Self.lifelineVariable).flatMap { Int32(String(cString: $0)) }
        unsetenv(Self.lifelineVariable)
        if let lifeline { _ = fcntl(lifeline, F_SETFD, FD_CLOEXEC) }
    }

    /// The descriptors to poll for reading; `reason()` says what a readable one meant.
    package var descriptors: [Int32] { [signals] + (lifeline.map { [$0] } ?? []) }

    /// Why to stop, nil when nothing asks for it yet. Does not block.
    package func reason() -> Reason? {
        switch auscult_read_signal(signals) {
        case SIGINT: return .interrupt
        case SIGTERM: return .terminate
        default: break
        }
        guard let lifeline else { return nil }
        var poll = pollfd(fd: lifeline, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, 0) > 0 ? .orphaned : nil
    }

    /// Blocks the calling thread (the main one, which has nothing else to do) until something asks to stop.
    /// From then on a second SIGINT or SIGTERM ends the process at once.
    package func wait() -> Reason {
        while true {
            var polls = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            _ = Glibc.poll(&polls, nfds_t(polls.count), -1)
            if let reason = reason() {
                unblock()
                return reason
            }
        }
    }

    /// Blocks the calling thread for a while; returns whether something has asked to stop meanwhile.
    package func wait(milliseconds: Int) -> Bool {
        var polls = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = Glibc.poll(&polls, nfds_t(polls.count), Int32(milliseconds))
        return reason() != nil
    }

    /// Gives the signals their default meaning back, so that asking twice stops at once.
    package func unblock() {
        var stop = sigset_t()
        sigemptyset(&stop)
        sigaddset(&stop, SIGTERM)
        sigaddset(&stop, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &stop, nil)
    }
}
