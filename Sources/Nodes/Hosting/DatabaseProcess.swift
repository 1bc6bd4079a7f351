internal import Glibc
internal import Logging
internal import PostgreSQL
internal import Synchronization

/// Where a private database server lives.
package struct PrivateServerPlace: Sendable {
    /// As `PrivateServer` takes it.
    package var directory: String
    /// By which everybody knows it.
    package var port: Int

    package init(directory: String, port: Int) {
        self.directory = directory
        self.port = port
    }
}

/// The private database server as a process of the supervisor's.
///
/// It is no child of ours: where it runs already it is taken over, and how it ended nobody tells us.
final class DatabaseProcess: SupervisedProcess {
    private struct State {
        var process: Int32?
        /// The signal that it got from us, or is to get once it has started.
        var order: Int32?
    }

    private let place: PrivateServerPlace
    private let logger: Logger
    private let state = Mutex(State())

    init(_ place: PrivateServerPlace, logger: Logger) {
        self.place = place
        self.logger = logger
    }

    /// Returns 0 when it ended because we asked, else 1.
    func run(line: (String) -> Void) -> Int32 {
        do {
            let server = try PrivateServer(directory: place.directory)
            try server.start(at: place.port)
            let order = state.withLock { state in
                state.process = server.processIdentifier
                return state.order
            }
            if let order { send(order) }
            line(#"{"event":"ready","service":"database"}"#)
            server.waitForEnd()
        } catch {
            logger.error("\(error)")
        }
        return state.withLock { state in
            state.process = nil
            return state.order == nil ? 1 : 0
        }
    }

    /// PostgreSQL's fast shutdown: sessions are cut, everything is written.
    func terminate() { send(SIGINT) }

    /// PostgreSQL's immediate shutdown: it recovers at the next start.
    func kill() { send(SIGQUIT) }

    private func send(_ signal: Int32) {
        state.withLock { state in
            state.order = signal
            if let process = state.process { _ = Glibc.kill(process, signal) }
        }
    }
}
