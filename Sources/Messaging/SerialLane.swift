/// A thread that runs blocking work, one piece after the other, in the order posted.
///
/// For database and disk calls of a node whose own thread must not block: the work posts its answer into the node's
/// mailbox. How much may wait is bounded by the node, which knows what it has asked for.
package final class SerialLane: Sendable {
    private enum Command: Sendable {
        case run(@Sendable () -> Void)
        case stop
    }

    private let commands: Mailbox<Command>
    private let thread: NodeThread

    /// - Parameter name: of the thread; the kernel keeps 15 bytes.
    package init(_ name: String) throws {
        let commands = try Mailbox<Command>()
        (thread, _) = try NodeThread.start(name) { ((), { Self.serve(commands) }) }
        self.commands = commands
    }

    /// Runs `work` after everything posted before it.
    package func post(_ work: @escaping @Sendable () -> Void) {
        commands.post(.run(work))
    }

    /// Runs what was posted, then ends the thread and waits for it. What is posted later never runs.
    package func stop() throws {
        commands.post(.stop)
        try thread.join()
    }

    private static func serve(_ commands: Mailbox<Command>) {
        while true {
            for command in commands.waitAndDrain() {
                switch command {
                case .run(let work): work()
                case .stop: return
                }
            }
        }
    }
}
