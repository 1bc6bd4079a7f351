import ArgumentParser
import Glibc

/// Measures the product against its peers and against recorded references.
@main struct Bench: ParsableCommand {
    /// A peer that has died is an error of the write, and no end of ours: the clusters we started have to be stopped.
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        main(nil)
    }

    static let configuration = CommandConfiguration(
        commandName: "auscult-bench", abstract: "Benchmarks and reference checks of auscult.",
        subcommands: [
            LogMelCommand.self, MessagesCommand.self, LedgerCommand.self, NetworkCommand.self, SpeedCommand.self,
            GoldenCommand.self, FuzzWireCommand.self, FuzzHeadersCommand.self, QueueCommand.self,
            QueueWorkerCommand.self, FuzzBrokerCommand.self, TrainingCommand.self, ChaosCommand.self,
            BitFlipsCommand.self, YearCommand.self, EarCommand.self,
        ])

    /// Prints a line at once, also into a pipe.
    static func say(_ line: String) {
        var rest = Array("\(line)\n".utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
