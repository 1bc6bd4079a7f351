internal import CZeroMQ
internal import Glibc

/// Calls a C function again as long as a signal interrupts it; returns its last answer, negative for failure.
///
/// The reason of a failure is in `zmq_errno()`, which is `errno` for system calls.
func retryingInterrupted<Count: SignedInteger>(_ call: () -> Count) -> Count {
    while true {
        let answer = call()
        if answer >= 0 || zmq_errno() != EINTR { return answer }
    }
}
