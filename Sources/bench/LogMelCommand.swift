import ArgumentParser
import Foundation
import Spectra
import Tensors

/// Times the log-mel of a ten-second clip on one thread, in turn with the libraries that others use.
struct LogMelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-mel", abstract: "Time the log-mel of a ten-second clip on one core.",
        discussion: """
            Example: auscult-bench log-mel --peers /tmp/venv

            With --peers, torchaudio and librosa take turns with auscult on the same clip; all must find the same \
            log-mel. The figures are medians over the rounds.
            """)

    @Option(help: "The Python environment that Sources/bench/peers/setup made.")
    var peers: String?

    @Option(help: "The folder of the peers' programs.")
    var scripts = "Sources/bench/peers"

    @Option(help: "How often everybody takes a turn.")
    var rounds = 9

    @Option(help: "Clips of one turn.")
    var clips = 30

    @Flag(help: "Print lines of JSON.")
    var json = false

    private struct Turn: Decodable {
        let milliseconds: Double
        /// Mean of the log-mel in dB.
        let mean: Double
    }

    func validate() throws {
        guard rounds > 0, clips > 0 else { throw ValidationError("rounds and clips are at least 1") }
    }

    func run() throws {
        if !json { Swift.print(SpeedLine.heading) }
        for line in try lines() { try line.print(json: json) }
    }

    func lines() throws -> [SpeedLine] {
        var random = CounterRandom(1)
        let samples = (0..<160_000).map { _ in Float(random.nextNormal() * 0.1) }
        let file = FileManager.default.temporaryDirectory.appending(
            path: "auscult-bench-\(ProcessInfo.processInfo.processIdentifier)")
        try samples.withUnsafeBytes { Data($0) }.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let peer = try peers.map {
            try Peer(environment: $0, script: "\(scripts)/log_mel.py", arguments: [file.path])
        }
        let libraries = peer == nil ? [] : ["torchaudio", "librosa"]
        let extractor = try LogMelExtractor()

        var ours: [Double] = []
        var theirs: [String: [Double]] = [:]
        // The first round warms caches and is not counted.
        for round in 0...rounds {
            let own = try turn(extractor, samples)
            if round > 0 { ours.append(own.milliseconds) }
            for library in libraries {
                guard let answer = try peer?.turn("\(library) \(clips)", as: Turn.self) else { continue }
                guard abs(answer.mean - own.mean) < 1e-3 else {
                    throw ValidationError("\(library) finds a mean of \(answer.mean) dB, auscult \(own.mean) dB")
                }
                if round > 0 { theirs[library, default: []].append(answer.milliseconds) }
            }
        }
        func line(_ library: String, _ times: [Double], ratio: Double) -> SpeedLine {
            SpeedLine(
                work: "log-mel", network: "-", clips: 1, threads: 1, library: library,
                millisecondsPerClip: median(times), ratio: ratio)
        }
        return [line("auscult", ours, ratio: 1)]
            + libraries.map { library in
                let times = theirs[library] ?? []
                return line(library, times, ratio: median(zip(times, ours).map { $0 / $1 }))
            }
    }

    private func turn(_ extractor: LogMelExtractor, _ samples: [Float]) throws -> Turn {
        let clock = ContinuousClock()
        var logMel = LogMel(melBands: 0, frames: 0, values: [])
        let times = try (0..<clips).map { _ in
            try clock.measure { logMel = try extractor.extract(samples, name: "benchmark") } / .milliseconds(1)
        }
        let mean = logMel.values.reduce(0) { $0 + Double($1) } / Double(logMel.values.count)
        return Turn(milliseconds: median(times), mean: mean)
    }
}
