internal import Glibc
internal import Messaging
internal import Nodes
internal import Synchronization

/// A store-and-forward gateway as a process that is started anew whenever it ends.
final class ChaosGateway: Sendable {
    /// The folder in which it looks for recordings.
    let watched: String
    let outbox: String
    private let shared: Shared
    private let thread: NodeThread

    private final class Shared: Sendable {
        let process = Mutex<ChildProcess?>(nil)
        let isStopping = Atomic(false)
    }

    /// - Parameters:
    ///   - home: its directory
    ///   - endpoints: of the brokers, separated by commas.
    ///   - settleMilliseconds: as the gateway takes it.
    init(
        executable: String, home: String, endpoints: String, machine: String, site: String, settleMilliseconds: Int = 0
    ) throws {
        (watched, outbox) = ("\(home)/watched", "\(home)/outbox")
        for folder in [home, watched] { mkdir(folder, 0o755) }
        let arguments = [
            "gateway", "--watch", watched, "--outbox", outbox, "--machine", machine, "--site", site, "--to", endpoints,
            "--settle-milliseconds", "\(settleMilliseconds)",
        ]
        let shared = Shared()
        self.shared = shared
        (thread, _) = try NodeThread.start("gateway") {
            let lifeline = try Lifeline()
            return (
                (),
                {
                    while !shared.isStopping.load(ordering: .acquiring) {
                        let process = try ChildProcess(
                            executable: executable, arguments: arguments, environment: [:],
                            lifeline: lifeline.readingEnd)
                        shared.process.withLock { $0 = process }
                        _ = process.run { _ in }
                        shared.process.withLock { $0 = nil }
                        poll(nil, 0, 200)
                    }
                }
            )
        }
    }

    /// SIGKILL, SIGSTOP, SIGCONT.
    func send(_ signal: Int32) { shared.process.withLock { if let running = $0 { kill(running.identifier, signal) } } }

    func stop() throws {
        shared.isStopping.store(true, ordering: .releasing)
        send(SIGCONT)
        send(SIGTERM)
        try thread.join()
    }
}
