import ArgumentParser

/// Measures the product against its peers and against recorded references.
@main struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auscult-bench", abstract: "Benchmarks and reference checks of auscult.",
        subcommands: [GoldenCommand.self, LedgerCommand.self, NetworkCommand.self])
}
