import ArgumentParser
import Networks
import Tensors

/// Times the network on one thread.
struct NetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Time inference per clip on one core.",
        discussion: "Example: auscult-bench network --channels logmel,tgram,tfgram")

    @Option(help: "The images the network sees.")
    var channels = "logmel"

    @Option(help: "Timed repetitions; the median is printed.")
    var repetitions = 15

    func run() throws {
        let list = channels.split(separator: ",").compactMap { Architecture.Channel(rawValue: String($0)) }
        let architecture = Architecture(channels: list)
        if let complaint = architecture.complaint { throw ValidationError(complaint) }
        let network = FoldedNetwork(Parameters(architecture, seed: 1))
        let scratch = FoldedNetwork.Scratch(architecture)
        var random = CounterRandom(2)
        let mel = (0..<architecture.melBands * architecture.frames).map { _ in Float(random.nextNormal() * 20 - 30) }
        let wave = (0..<architecture.waveSamples).map { _ in Float(random.nextNormal() * 0.1) }
        let clock = ContinuousClock()
        let times = (0..<repetitions + 3).map { _ in
            clock.measure { _ = network.hear(logMel: mel, wave: architecture.usesWave ? wave : [], scratch: scratch) }
        }
        let sorted = times.dropFirst(3).sorted().map { Double($0.components.attoseconds) * 1e-15 }
        print("\(channels): median \(sorted[sorted.count / 2]) ms, best \(sorted[0]) ms")
    }
}
