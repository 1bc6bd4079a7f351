import ArgumentParser
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

    func run() {
        var fuzz = WireFuzz(seed: seed)
        let clock = ContinuousClock()
        let start = clock.now
        let understood = fuzz.run(inputs)
        let rate = Double(inputs) / ((clock.now - start) / .seconds(1))
        print("\(inputs) inputs, seed \(seed): \(understood) understood, the others refused; \(Int(rate)) per second")
    }
}
