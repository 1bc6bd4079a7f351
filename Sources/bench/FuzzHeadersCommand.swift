import ArgumentParser
import Glibc
import TestSupport

/// Feeds the readers of files headers that no honest writer makes.
struct FuzzHeadersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz-headers",
        abstract: "Read WAV, FLAC, NumPy and safetensors files with damaged headers; nothing may trap or mislead.",
        discussion: """
            Every outcome must be the content of the undamaged file, a refusal, or another file all of whose statements \
            agree. Exit code 1 where one was wrong.

            Example: auscult-bench fuzz-headers --inputs 10000000 --seed 1
            """)

    @Option(help: "How many files to try.")
    var inputs = 1_000_000

    @Option(help: "The same seed makes the same files.")
    var seed: UInt64 = 1

    func run() throws {
        let start = ContinuousClock.now
        var tally = HeaderFuzz.everyBit()
        report("every bit", tally)
        var fuzz = HeaderFuzz(seed: seed)
        tally.add(fuzz.run(inputs))
        for name in tally.counts.keys.sorted() {
            let outcomes = HeaderFuzz.Outcome.allCases.map { "\($0) \(tally.counts[name]?[$0] ?? 0)" }
            Bench.say("\(name): \(outcomes.joined(separator: ", "))")
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        report("\(inputs) inputs, seed \(seed)", tally)
        var use = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &use)
        Bench.say(
            "\(Int(seconds)) s, \(Int(Double(inputs) / seconds)) per second; peak memory \(use.ru_maxrss / 1024) MB")
        for (specimen, bytes) in tally.wrong { Bench.say("wrong: \(specimen) \(bytes.prefix(200))") }
        guard tally.wrong.isEmpty else { throw ExitCode(1) }
    }

    private func report(_ what: String, _ tally: HeaderFuzz.Tally) {
        let outcomes = HeaderFuzz.Outcome.allCases.map { "\(tally.count($0)) \($0)" }
        Bench.say("\(what): \(outcomes.joined(separator: ", "))")
    }
}
