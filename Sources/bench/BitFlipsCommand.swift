import ArgumentParser
import Chaos

/// Harms what a plant has stored, and looks whether it notices.
struct BitFlipsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bit-flips",
        abstract: "Flip bits and cut ends off in everything that is stored, of a plant that runs and one that starts.",
        discussion: """
            Segments of clips and content, models in the database, the feature cache, a training's journal and a gateway's \
            outbox. Prints one JSON object per store. Ends with 1 when a score was wrong, a clip vanished, or a damage was \
            not named; then the directory stays for inspection.

            Example: auscult-bench bit-flips --harms 1000 --seed 1
            """)

    @Option(help: "An empty directory; it is emptied afterwards.")
    var data = "/tmp/auscult-bit-flips"

    @Option(help: "The same seed harms the same places.")
    var seed: UInt64 = 1

    @Option var harms = 1_000

    @Option(help: "Recordings of ten seconds that are pushed.")
    var clips = 200

    func validate() throws {
        guard harms > 0, clips > 0 else { throw ValidationError("--harms and --clips must be positive") }
    }

    func run() throws {
        let flips = try BitFlips(executable: QueueCommand.product, directory: data, seed: seed, say: Bench.say)
        if try !flips.run(harms: harms, clips: clips).allSatisfy(\.isClean) { throw ExitCode.failure }
    }
}
