import ArgumentParser
import Foundation
import Networks
import Tensors

/// One network's work, in turn with its peers on the same weights and clips.
struct NetworkContest {
    let architecture: Architecture
    let threads: Int
    let rounds: Int
    /// The peers' Python, their programs, and a library to preload; nil: nobody but us.
    let peers: (environment: String, scripts: String, preloads: String)?

    private let parameters: Parameters
    private let clips: NoiseClips

    init(
        _ architecture: Architecture, threads: Int, rounds: Int,
        peers: (environment: String, scripts: String, preloads: String)?
    ) {
        self.architecture = architecture
        self.threads = threads
        self.rounds = rounds
        self.peers = peers
        parameters = Parameters(architecture, seed: 1)
        clips = NoiseClips(architecture, seed: 2)
    }

    private struct Turn: Decodable {
        let milliseconds: Double
        /// Of the first turn: an embedding, or a loss.
        let values: [Double]
        let peakMebibytes: Int
    }

    private var name: String { architecture.channels.map(\.rawValue).joined(separator: ",") }

    // MARK: Inference

    /// Hears batches of that many clips.
    func listen(clips count: Int, libraries: [String]) throws -> [SpeedLine] {
        let batch = HearingBatch(parameters, clips: count, threads: threads, clips)
        let expected = batch.embedding.map { Double($0) }
        return try contest("inference", count, libraries, expected: expected) { _ in { batch.run() } }
    }

    // MARK: Training

    /// Steps of that many clips, by the whole batch and by shards of eight as the workers take them.
    ///
    /// The batch norms of a shard know its clips alone, so that only the whole batch is the peers' very step; it has one
    /// thread.
    func train(clips count: Int, libraries: [String]) throws -> [SpeedLine] {
        let whole = threads == 1 ? try trainWhole(count, libraries) : []
        let shards = try contest(
            "training step", count, threads == 1 ? [] : libraries, expected: nil, ours: "auscult, shards"
        ) { _ in shardedStep(count) }
        guard let reference = whole.first else { return shards }
        return whole
            + shards.map { shard in
                SpeedLine(
                    work: shard.work, network: shard.network, clips: count, threads: threads, library: shard.library,
                    millisecondsPerClip: shard.millisecondsPerClip,
                    ratio: shard.millisecondsPerClip / reference.millisecondsPerClip,
                    peakMebibytes: shard.peakMebibytes)
            }
    }

    private func trainWhole(_ count: Int, _ libraries: [String]) throws -> [SpeedLine] {
        try contest("training step", count, libraries, expected: nil) { firstLoss in
            let step = TrainingStep(parameters.copy(), clips: count, shards: 1, threads: 1, clips)
            return { firstLoss(step.run()) }
        }
    }

    private func shardedStep(_ count: Int) -> () -> Void {
        let step = TrainingStep(parameters.copy(), clips: count, shards: max(count / 8, 1), threads: threads, clips)
        return { _ = step.run() }
    }

    // MARK: Turns

    /// Everybody takes a turn per round; the first round warms up, is compared and is not counted.
    ///
    /// - Parameters:
    ///   - expected: what the peers' first values must be; nil where our own first turn tells.
    ///   - prepare: makes our turn; it is given where to report a loss.
    private func contest(
        _ work: String, _ count: Int, _ libraries: [String], expected: [Double]?, ours: String = "auscult",
        _ prepare: (@escaping (Double) -> Void) -> () -> Void
    ) throws -> [SpeedLine] {
        PeakMemory.forget()
        var losses: [Double] = []
        var own: (() -> Void)? = prepare { losses.append($0) }
        var times = (0...rounds).map { _ in turn(count) { own?() } }
        times.removeFirst()
        let peak = work == "inference" ? nil : PeakMemory.mebibytes
        if work != "inference" { own = nil }

        var lines = [line(work, count, ours, median(times), 1, peak)]
        guard let peers, !libraries.isEmpty else { return lines }
        let file = try writeClips(count)
        defer { try? FileManager.default.removeItem(at: file) }
        for library in libraries {
            // Each in a process of its own, so that the peak of its memory is its own.
            let peer = try Peer(
                environment: peers.environment, script: "\(peers.scripts)/network.py",
                arguments: [file.path, name, String(threads)], preloads: peers.preloads)
            var (theirs, ratios, memory): ([Double], [Double], Int) = ([], [], 0)
            for round in 0...rounds {
                let answer = try peer.turn(
                    "\(work == "inference" ? "infer" : "train") \(library) \(count)", as: Turn.self)
                if round == 0 {
                    try check(answer.values, expected ?? losses.first.map { [$0] }, library)
                    continue
                }
                // Training takes seconds a turn: there our median stands for the turn beside it.
                let beside =
                    own.map { turn(count, $0) } ?? median(times)
                theirs.append(answer.milliseconds)
                ratios.append(answer.milliseconds / beside)
                memory = answer.peakMebibytes
            }
            lines.append(
                line(work, count, library, median(theirs), median(ratios), work == "inference" ? nil : memory))
        }
        return lines
    }

    /// Milliseconds per clip: the median of the calls that a quarter of a second takes, as in the peers' turns.
    ///
    /// One call leaves its caches to the next; the first of a turn finds none.
    private func turn(_ clips: Int, _ call: () -> Void) -> Double {
        let clock = ContinuousClock()
        var times: [Duration] = []
        while times.reduce(.zero, +) < .milliseconds(250) { times.append(clock.measure(call)) }
        return median(times.map { $0 / .milliseconds(1) / Double(clips) })
    }

    private func check(_ values: [Double], _ expected: [Double]?, _ library: String) throws {
        guard let expected else { return }
        let largest = expected.lazy.map(abs).max() ?? 0
        let distance = zip(values, expected).lazy.map { abs($0 - $1) }.max() ?? .infinity
        guard distance < 2e-3 * largest else {
            throw ValidationError("\(library) computes something else than auscult: \(distance) off \(largest)")
        }
    }

    private func line(
        _ work: String, _ count: Int, _ library: String, _ time: Double, _ ratio: Double, _ peak: Int?
    ) -> SpeedLine {
        SpeedLine(
            work: work, network: name, clips: count, threads: threads, library: library, millisecondsPerClip: time,
            ratio: ratio, peakMebibytes: peak)
    }

    /// The weights, and the clips as [count][1][melBands][frames] and [count][1][waveSamples].
    private func writeClips(_ count: Int) throws -> URL {
        let a = architecture
        let mel = (0..<count).flatMap { clips.logMel(shifted: $0) }
        let wave = a.usesWave ? (0..<count).flatMap { clips.wave(shifted: $0) } : [Float](repeating: 0, count: count)
        let tensors =
            parameters.tensors + [
                .init(name: "input.mel", shape: [count, 1, a.melBands, a.frames], values: mel),
                .init(name: "input.wave", shape: [count, 1, wave.count / count], values: wave),
            ]
        let file = FileManager.default.temporaryDirectory.appending(
            path: "auscult-bench-\(ProcessInfo.processInfo.processIdentifier).safetensors")
        try Data(Safetensors(tensors: tensors).encoded()).write(to: file)
        return file
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
    func logMel(shifted count: Int) -> [Float] { moved(logMel, by: count * 97) }
    func wave(shifted count: Int) -> [Float] { moved(wave, by: count * 97) }

    private func moved(_ values: [Float], by count: Int) -> [Float] {
        guard !values.isEmpty else { return [] }
        let shift = count % values.count
        return Array(values[shift...] + values[..<shift])
    }
}
