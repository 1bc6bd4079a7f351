import ArgumentParser
import Audio
import Datasets
import Detection
import FoundationEssentials
import Nodes
import Plant
import Spectra
import Training
import Wire

/// `auscult score`: clips scored by a model file, without a cluster.
struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Scores clips with a model file, on all cores, without a cluster.",
        discussion: """
            Folders are searched for .wav, .flac and .npy files; log-mels must be computed as the model hears, or as a \
            dataset.json in their folder says. With --machine TYPE alone the ID is read from names such as \
            normal_id_00_00000000.wav. Clips that cannot be scored are named on standard error; the others are scored, \
            and the exit code is 1.

            Example: auscult score fan/test --model fans.safetensors --machine fan
            """)

    @Argument(help: "Clips, or folders of clips.")
    var paths: [FilePath]

    @Option(help: "The model file, or a published OS-SCL checkpoint converted to safetensors.")
    var model: String

    @Option(help: "The machine that was recorded, TYPE/ID, or TYPE where the file names say the ID.")
    var machine: String

    @Option(help: "The channel to take of recordings with several, counted from 0.")
    var channel = 0

    @Option(help: "How many threads score; one for each core otherwise.")
    var threads: Int?

    @OptionGroup var settings: NetworkSettings

    @Flag(help: "Print the clips' embeddings too, with --json.")
    var embedding = false

    @Flag(help: "Print one JSON object per clip.")
    var json = false

    func validate() throws {
        guard MachineName(machine) != nil || MachineName(type: machine, id: "id_00") != nil else {
            throw ValidationError("\"\(machine)\" is not a machine; write TYPE/ID, e.g. fan/id_00")
        }
        guard channel >= 0 else { throw ValidationError("channels are counted from 0") }
        guard (1...1024).contains(threads ?? 1) else { throw ValidationError("choose 1 to 1024 threads") }
    }

    func run() throws {
        let file = try settings.modelFile(at: model)
        let listener = try file.model()
        let found = try ClipFiles(paths)
        let clips = found.files
        found.troubles.forEach { Console.note($0.description) }

        let start = ContinuousClock.now
        let report = OrderedReport<Outcome>(count: clips.count) { try show($0) }
        try report.fill(threads: min(threads ?? ProcessInfo.processInfo.activeProcessorCount, clips.count)) {
            let scorer = try listener.makeScorer()
            var decoder = ClipDecoder(sampleRateHz: file.feature.sampleRateHz)
            return { (index: Int) -> Outcome in
                score(clips[index], feature: file.feature.record, by: scorer, &decoder)
            }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let rate = (Double(clips.count) / seconds * 10).rounded() / 10
        Console.note("\(clips.count) clips in \((seconds * 100).rounded() / 100) s, \(rate) clips per second")
        let failures = report.values.count(where: \.isFailure) + found.troubles.count
        guard failures == 0 else {
            throw CommandFailure("\(failures) of \(clips.count + found.troubles.count) clips could not be scored")
        }
    }
}

extension ScoreCommand {
    private enum Outcome {
        case scored(path: FilePath, machine: MachineName, ClipScore, flags: [String])
        case failed(reason: String)

        var isFailure: Bool { if case .failed = self { true } else { false } }
    }

    /// Scores one clip; whatever is wrong with it becomes its outcome.
    ///
    /// - Parameter feature: of log-mels that nobody described.
    private func score(
        _ clip: ClipFile, feature: FeatureRecord, by scorer: any Scorer, _ decoder: inout ClipDecoder
    ) -> Outcome {
        do {
            let machine = try recordedMachine(clip.origin)
            let decoded = try decoder.decode(
                try ForeignFile(clip.path, followingLinks: true).bytes(), format: clip.format,
                name: clip.origin.description, channel: channel,
                feature: clip.feature ?? feature)
            do throws(ModelError) {
                return .scored(
                    path: clip.origin, machine: machine, try scorer.score(decoded.signal, machine: machine),
                    flags: decoded.flags.names)
            } catch {
                throw WireError(error, clip: clip.origin.description)
            }
        } catch let error as WireError {
            return .failed(reason: error.reason)
        } catch {
            return .failed(reason: "\(error)")
        }
    }

    private func recordedMachine(_ path: FilePath) throws(CommandFailure) -> MachineName {
        if let machine = MachineName(self.machine) { return machine }
        guard let id = ClipLabel(path)?.machineID, let name = MachineName(type: machine, id: id) else {
            throw CommandFailure("\(path): the name does not say which \(machine) it is; give --machine TYPE/ID")
        }
        return name
    }

    private func show(_ outcome: Outcome) throws {
        switch outcome {
        case .failed(let reason): Console.note(reason)
        case .scored(let path, let machine, let score, let flags) where json:
            try Console.json(
                Row(path: path.text, machine: machine.description, score: score, flags: flags, withEmbedding: embedding)
            )
        case .scored(let path, let machine, let score, let flags):
            let threshold = score.threshold.map { " (threshold \(rounded($0)))" } ?? ""
            let line = "\(path)  \(machine)  \(score.verdict.rawValue)  \(rounded(score.score))\(threshold)"
            let reason = score.verdict == .anomalous ? [score.reason].compactMap(\.self) : []
            Console.line(([line] + flags + reason).joined(separator: "  "))
        }
    }

    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

    /// One line of `--json`; what a model does not know is null.
    private struct Row: Encodable {
        let path: String
        let machine: String
        let score: ClipScore
        let flags: [String]
        let withEmbedding: Bool

        private enum CodingKeys: String, CodingKey {
            case path, machine, score, logOdds, crossEntropy, neighbourDistance, threshold, verdict, flags
            case reason, shares, embedding
        }

        func encode(to encoder: any Encoder) throws {
            var row = encoder.container(keyedBy: CodingKeys.self)
            try row.encode(path, forKey: .path)
            try row.encode(machine, forKey: .machine)
            try row.encode(score.score, forKey: .score)
            try row.encode(score.logOdds, forKey: .logOdds)
            try row.encode(score.crossEntropy, forKey: .crossEntropy)
            try row.encode(score.neighbourDistance, forKey: .neighbourDistance)
            try row.encode(score.threshold, forKey: .threshold)
            try row.encode(score.verdict.rawValue, forKey: .verdict)
            try row.encode(flags, forKey: .flags)
            try row.encode(score.reason, forKey: .reason)
            try row.encode(score.shares, forKey: .shares)
            if withEmbedding { try row.encode(score.embedding, forKey: .embedding) }
        }
    }
}
