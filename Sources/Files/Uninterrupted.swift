internal import Glibc

/// Calls a function of the system again for as long as signals interrupt it: the only place that knows of EINTR.
package func uninterrupted<Count: SignedInteger>(_ call: () -> Count) -> Count {
    while true {
        let count = call()
        if count >= 0 || errno != EINTR { return count }
    }
}
