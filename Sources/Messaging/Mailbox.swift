internal import Synchronization

/// Commands from any thread to the one thread that drains it.
///
/// A mailbox grows as long as it is not drained: what may be posted must be bounded elsewhere, by credits or by one
/// answer per request. `post` never blocks.
package final class Mailbox<Command: Sendable>: Sendable {
    /// Readable while commands wait.
    package let signal: WakeSignal
    private let commands = Mutex<[Command]>([])

    package init() throws(MessagingError) {
        signal = try WakeSignal()
    }

    /// Appends a command and wakes the owner if it was asleep.
    package func post(_ command: Command) {
        let wasEmpty = commands.withLock { commands in
            commands.append(command)
            return commands.count == 1
        }
        if wasEmpty { signal.raise() }
    }

    /// Takes every command posted so far, oldest first. Only the owner calls it.
    package func drain() -> [Command] {
        signal.clear()
        return commands.withLock { commands in
            var taken: [Command] = []
            swap(&taken, &commands)
            return taken
        }
    }

    /// Blocks the owner until there are commands, and takes them.
    package func waitAndDrain() -> [Command] {
        while true {
            let commands = drain()
            if !commands.isEmpty { return commands }
            signal.wait()
        }
    }
}
