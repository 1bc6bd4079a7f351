import ArgumentParser
import Datasets
import Detection
import Nodes
import Plant
import Spectra
import Training

/// `auscult explain`: where in a clip its anomaly is heard.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Draws where in a clip its anomaly is heard, beside the nearest normal clip.",
        discussion: """
            Every patch of 16 mel bands and 16 frames is brought to the level that is usual for the machine, in the \
            recording itself, and the clip is scored again: the more the score falls, the redder the patch in the \
            picture. Time runs to the right, frequency upwards. Below it is the normal clip of --among that lies \
            nearest in the model's space. It takes some 160 scores, a few seconds; no cluster is needed.

            Example: auscult model export os-scl-1 model.safetensors
                     auscult explain anomaly_id_00_0001.wav --model model.safetensors --machine fan/id_00 \\
                         --among fan/train --out why.png
            """)

    @Argument(help: "The clip: .wav, .flac or .npy.")
    var clip: String

    @Option(help: "The model file, see 'auscult model export'.")
    var model: String

    @Option(help: "The machine that was recorded, TYPE/ID, or TYPE where the file name says the ID.")
    var machine: String

    @Option(parsing: .upToNextOption, help: "Normal clips of the machine, or folders of them.")
    var among: [String] = []

    @Option(help: "The picture to write, FILE.png; beside the clip, under its name, unless given.")
    var out: String?

    @Option(help: "The channel to take of recordings with several, counted from 0.")
    var channel = 0

    @Flag(help: "Print the result as one line of JSON.")
    var json = false

    func validate() throws {
        guard MachineName(machine) != nil || MachineName(type: machine, id: "id_00") != nil else {
            throw ValidationError("\"\(machine)\" is not a machine; write TYPE/ID, e.g. fan/id_00")
        }
        guard channel >= 0 else { throw ValidationError("channels are counted from 0") }
        if let out, !OutputFile(out).isNamed(".png") { throw ValidationError("--out writes .png files") }
    }

    func run() throws {
        let file = try ModelFile(reading: try InputFile.bytes(of: model), name: model, machines: nil)
        let judge = try file.model()
        guard let recorded = recordedMachine(clip) else {
            throw CommandFailure("\(clip): the name does not say which \(machine) it is; give --machine TYPE/ID")
        }
        let given = try ClipFiles([FilePath(argument: clip)])
        guard let heard = given.files.first else {
            throw CommandFailure(given.troubles.map(\.description).joined(separator: "; "))
        }
        var decoder = ClipDecoder(sampleRateHz: file.feature.sampleRateHz)
        let occlusion = try Occlusion(of: signal(heard, file, &decoder), machine: recorded, model: judge)
        let nearest = try nearest(to: occlusion.score, recorded, judge, file, &decoder)
        let path = out ?? (clip.hasSuffix(".wav") || clip.hasSuffix(".npy") ? String(clip.dropLast(4)) : clip) + ".png"
        try OutputFile(path).write(ExplanationPicture(occlusion, normal: nearest?.logMel).image.bytes)
        if OutputFile(path).isStandardOutput { return }
        try show(Result(occlusion, recorded, file.feature, clip: clip, nearest: nearest, picture: path))
    }

    private func recordedMachine(_ path: String) -> MachineName? {
        MachineName(machine)
            ?? ClipLabel(FilePath(argument: path)).flatMap { MachineName(type: machine, id: $0.machineID) }
    }

    private func signal(_ clip: ClipFile, _ file: ModelFile, _ decoder: inout ClipDecoder) throws -> ClipSignal {
        try decoder.decode(
            try ForeignFile(clip.path, followingLinks: true).bytes(), format: clip.format,
            name: clip.origin.description, channel: channel,
            feature: clip.feature ?? file.feature.record
        ).signal
    }

    /// Of the normal clips the one whose embedding is nearest; those that cannot be heard are named and passed over.
    private func nearest(
        to score: ClipScore, _ machine: MachineName, _ model: any AnomalyModel, _ file: ModelFile,
        _ decoder: inout ClipDecoder
    ) throws -> Neighbour? {
        guard let embedding = score.embedding, !among.isEmpty else { return nil }
        let (scorer, extractor) = (try model.makeScorer(), try LogMelExtractor(file.feature))
        let found = try ClipFiles(among.map { FilePath(argument: $0) })
        found.troubles.forEach { Console.note($0.description) }
        var nearest: Neighbour?
        for clip in found.files where clip.origin != FilePath(self.clip) && isNormal(clip.origin, of: machine) {
            do {
                let signal = try signal(clip, file, &decoder)
                guard let other = try scorer.score(signal, machine: machine).embedding else { continue }
                let distance = zip(embedding, other).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
                guard distance < nearest?.distance ?? .infinity else { continue }
                nearest = Neighbour(
                    path: clip.origin.text, distance: distance,
                    logMel: try signal.logMel(by: extractor, name: clip.origin.description))
            } catch {
                Console.note("\(clip.origin): \(error)")
            }
        }
        if nearest == nil { Console.note("no normal clip of \(machine) among \(among.joined(separator: ", "))") }
        return nearest
    }

    /// A name that says nothing is taken at its word.
    private func isNormal(_ path: FilePath, of machine: MachineName) -> Bool {
        guard let name = ClipLabel(path) else { return true }
        return name.isAnomaly != true && name.machineID == machine.id
    }

    private func show(_ result: Result) throws {
        if json { return try Console.json(result) }
        let threshold = result.threshold.map { " (threshold \($0.rounded(toPlaces: 3)))" } ?? ""
        Console.line(
            "\(result.path)  \(result.machine)  \(result.verdict)  \(result.score.rounded(toPlaces: 3))\(threshold)")
        if let reason = result.reason { Console.line(reason) }
        if let patch = result.patch {
            Console.line(
                "most of it at \(Int(patch.lowHz)) to \(Int(patch.highHz)) Hz, "
                    + "\(patch.fromSeconds.rounded(toPlaces: 2)) to \(patch.toSeconds.rounded(toPlaces: 2)) s: "
                    + "\(patch.effect.rounded(toPlaces: 3)) of the score")
        }
        if let nearest = result.nearest { Console.line("nearest normal clip: \(nearest)") }
        Console.line("drawn in \(result.picture)")
    }
}

extension ExplainCommand {
    struct Neighbour {
        var path: String
        /// Squared, in the model's space.
        var distance: Double
        var logMel: LogMel
    }

    private struct Result: Encodable {
        struct Patch: Encodable {
            let lowHz: Double
            let highHz: Double
            let fromSeconds: Double
            let toSeconds: Double
            let effect: Double
        }

        let path: String
        let machine: String
        let score: Double
        let threshold: Double?
        let verdict: String
        let reason: String?
        let shares: [ScoreShare]
        let patch: Patch?
        let nearest: String?
        let picture: String

        init(
            _ occlusion: Occlusion, _ machine: MachineName, _ feature: LogMelParameters, clip: String,
            nearest: Neighbour?, picture: String
        ) {
            path = clip
            self.machine = machine.description
            score = occlusion.score.score
            threshold = occlusion.score.threshold
            verdict = occlusion.score.verdict.rawValue
            (reason, shares) = (occlusion.score.reason, occlusion.score.shares)
            let edges = MelBank.edges(feature)
            let hop = Double(feature.hopLength) / Double(feature.sampleRateHz)
            patch = occlusion.loudest.map { loudest in
                Patch(
                    lowHz: edges[loudest.patch.bands.lowerBound], highHz: edges[loudest.patch.bands.upperBound + 1],
                    fromSeconds: Double(loudest.patch.frames.lowerBound) * hop,
                    toSeconds: Double(loudest.patch.frames.upperBound) * hop, effect: loudest.effect)
            }
            self.nearest = nearest?.path
            self.picture = picture
        }
    }
}
