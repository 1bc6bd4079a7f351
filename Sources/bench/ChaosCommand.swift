import ArgumentParser
import Chaos

/// Breaks a real cluster by a plan and lets its ledger judge.
struct ChaosCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos",
        abstract: "Run a cluster under load while its processes, disk and network fail by a seeded plan.",
        discussion: """
            Kills and stops workers, gateways and brokers, crashes the database, fills the disk of the clips (as root) \
            and slows a gateway's network down. Prints one JSON object per fault, and the ledger's verdict last. Ends \
            with 1 when a clip was lost or doubled; then the directory stays for inspection.

            With --watch recorders write slowly, rename, replace and close twice in a watched folder, while the database is \
            locked, read-only, restarted and its clock jumps (libfaketime), the disk fills and the gateway dies; the \
            hashes of what was recorded are compared with those of what was scored.

            Example: auscult-bench chaos --seed 1 --minutes 30 --faults 60
            Example: auscult-bench chaos --watch --seed 1 --minutes 30 --faults 90 --rate 4
            """)

    @Option(help: "An empty directory; it is emptied afterwards.")
    var data = "/tmp/auscult-chaos"

    @Option(help: "The same seed makes the same plan.")
    var seed: UInt64 = 1

    @Option var minutes = 2.0

    @Option var faults = 8

    @Option(help: "Recordings of ten seconds per second.")
    var rate = 10.0

    @Flag(help: "Recorders as they are, before a watched folder.")
    var watch = false

    func validate() throws {
        guard minutes > 0, faults >= 0, rate > 0 else {
            throw ValidationError("--minutes and --rate must be positive, --faults at least 0")
        }
    }

    func run() throws {
        guard !watch else { return try runBeforeAFolder() }
        let verdict = try ChaosRun(
            executable: QueueCommand.product, directory: data, seed: seed, seconds: Int(minutes * 60), faults: faults,
            rate: rate, say: Bench.say
        ).run()
        Bench.say(verdict.json)
        if !verdict.isClean { throw ExitCode.failure }
    }

    private func runBeforeAFolder() throws {
        let books = try WatchRun(
            executable: QueueCommand.product, directory: data, seed: seed, seconds: Int(minutes * 60), faults: faults,
            rate: rate, say: Bench.say
        ).run()
        Bench.say(books.json)
        if !books.isClean { throw ExitCode.failure }
    }
}
