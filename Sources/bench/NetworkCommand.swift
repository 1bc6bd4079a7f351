import ArgumentParser
import FoundationEssentials
import Networks
import Tensors

/// Times the network on one thread.
struct NetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Time the network on one core: milliseconds per clip.",
        discussion: """
            Example: auscult-bench network --channels logmel,tgram,tfgram
            The same work in PyTorch: python Sources/bench/peers/network.py --channels logmel,tgram,tfgram
            """)

    @Option(help: "The images the network sees.")
    var channels = "logmel"

    @Option(help: "Timed repetitions; the median is printed.")
    var repetitions = 15

    @Option(help: "Train: clips per step; without it, clips are heard one by one.")
    var batch: Int?

    func run() throws {
        let list = channels.split(separator: ",").compactMap { Architecture.Channel(rawValue: String($0)) }
        let architecture = Architecture(channels: list)
        if let complaint = architecture.complaint { throw ValidationError(complaint) }
        let clips = NoiseClips(architecture, seed: 2)
        if let batch { train(architecture, clips, batch: batch) } else { hear(architecture, clips) }
    }

    private func hear(_ architecture: Architecture, _ clips: NoiseClips) {
        let network = FoldedNetwork(Parameters(architecture, seed: 1))
        let scratch = FoldedNetwork.Scratch(architecture)
        report("inference", clips: 1) {
            _ = network.hear(logMel: clips.logMel, wave: clips.wave, scratch: scratch)
        }
    }

    private func train(_ architecture: Architecture, _ clips: NoiseClips, batch: Int) {
        let parameters = Parameters(architecture, seed: 1)
        let backbone = Backbone(architecture, clips: batch)
        let tail = Tail(architecture, clips: batch)
        let moments = AdamW.Moments(parameters.layout)
        let gradient = FloatBuffer(count: parameters.layout.count)
        let labels = (0..<batch).map { $0 % architecture.classes }
        let targets = Tail.Targets(
            labels: labels, mixedLabels: labels.reversed(), shares: [Float](repeating: 0.4, count: batch))
        for clip in 0..<batch { backbone.load(clip, logMel: clips.logMel(shifted: clip), wave: clips.wave) }
        report("training step of \(batch) clips", clips: batch) {
            gradient.zero()
            let features = backbone.forward(parameters, statistics: gradient)
            let outcome = tail.step(parameters, features: features, targets: targets, gradient: gradient)
            backbone.backward(parameters, featureGradient: outcome.featureGradient, gradient: gradient)
            AdamW().step(parameters, gradient: gradient, moments: moments, learningRate: 1e-4)
            parameters.follow(statistics: gradient)
        }
    }

    private func report(_ work: String, clips: Int, _ body: () -> Void) {
        let clock = ContinuousClock()
        let warmUp = clips > 1 ? 1 : 3
        let times = (0..<repetitions + warmUp).map { _ in clock.measure(body) }
        let milliseconds = times.dropFirst(warmUp).sorted().map { $0 / .milliseconds(1) / Double(clips) }
        print(
            "\(channels) \(work): median \(milliseconds[milliseconds.count / 2]) ms per clip, best \(milliseconds[0]), "
                + "peak memory \(Self.peakMebibytes ?? 0) MiB")
    }

    /// The most memory the process has had, in MiB; nil where the system does not say.
    private static var peakMebibytes: Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").compactMap { Int($0) }.first.map { $0 / 1024 }
    }
}

/// Clips of noise, loud and wide as real ones are.
struct NoiseClips {
    let logMel: [Float]
    let wave: [Float]

    init(_ a: Architecture, seed: UInt64) {
        var random = CounterRandom(seed)
        logMel = (0..<a.melBands * a.frames).map { _ in Float(random.nextNormal() * 20 - 30) }
        wave = a.usesWave ? (0..<a.waveSamples).map { _ in Float(random.nextNormal() * 0.1) } : []
    }

    /// The log-mel moved by some values, so that clips differ.
    func logMel(shifted count: Int) -> [Float] {
        let shift = count * 97 % logMel.count
        return Array(logMel[shift...]) + Array(logMel[..<shift])
    }
}
