import Glibc
import Nodes

/// What every service does first.
enum ServiceProcess {
    /// Whatever the service makes, also by way of a library, is its user's alone. Returns what tells it to stop.
    static func begin() -> StopSignal {
        umask(0o077)
        return StopSignal()
    }
}
