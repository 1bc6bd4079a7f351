import ArgumentParser

/// Measures the product against its peers and against recorded references.
@main struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auscult-bench", abstract: "Benchmarks and reference checks of auscult.",
        subcommands: [
            LogMelCommand.self, MessagesCommand.self, LedgerCommand.self, NetworkCommand.self, GoldenCommand.self,
            FuzzWireCommand.self,
        ])
}
