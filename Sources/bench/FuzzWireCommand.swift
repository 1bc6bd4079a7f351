import ArgumentParser
import Glibc
import TestSupport

/// Feeds the decoder of the protocol what no honest peer sends.
struct FuzzWireCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz-wire", abstract: "Decode random and mutated messages; ends only if nothing traps.",
        discussion: "Example: auscult-bench fuzz-wire --inputs 10000000 --seed 1")

    @Option(help: "How many messages to try.")
    var inputs = 1_000_000

    @Option(help: "The same seed makes the same messages.")
    var seed: UInt64 = 1

    func run() throws {
        var fuzz = WireFuzz(seed: seed)
        var understood = fuzz.run(min(inputs, 10_000))
        let before = try ProcessUse(getpid()).residentMegabytes
        let start = ContinuousClock.now
        understood += fuzz.run(max(inputs - 10_000, 0))
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let after = try ProcessUse(getpid()).residentMegabytes
        Bench.say(
            "\(inputs) inputs, seed \(seed): \(understood) understood, the others refused; \(Int(seconds)) s, "
                + "\(Int(Double(inputs) / seconds)) per second; resident \(Int(before)) MB before, \(Int(after)) MB after"
        )
    }
}
