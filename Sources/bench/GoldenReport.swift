import Networks

/// The distances between computed and recorded values, each with what is allowed.
struct GoldenReport {
    let variant: String
    private var lines: [(name: String, distance: Double, allowed: Double?)] = []

    init(variant: String) { self.variant = variant }

    var failed: Bool { lines.contains { line in line.allowed.map { !(line.distance <= $0) } ?? false } }

    func print() {
        for line in lines {
            let verdict = line.allowed.map { line.distance <= $0 ? "ok" : "FAILED" } ?? "note"
            let bound = line.allowed.map { "\tallowed \($0)" } ?? ""
            Swift.print("\(variant)\t\(verdict)\t\(line.name)\t\(line.distance)\(bound)")
        }
    }

    /// Adds the largest distance, relative to the largest recorded value.
    mutating func compare(_ name: String, _ values: [Float], _ recorded: [Float], within allowed: Double) {
        let largest = recorded.lazy.map(abs).max() ?? 0
        let distance = zip(values, recorded).lazy.map { abs($0 - $1) }.max() ?? 0
        let usable = values.count == recorded.count && values.allSatisfy(\.isFinite)
        lines.append((name, usable ? Double(distance) / Double(max(largest, 1e-30)) : .infinity, allowed))
    }

    mutating func compare(_ name: String, absolute distance: Double, within allowed: Double) {
        lines.append((name, distance, allowed))
    }

    /// Adds a figure that is neither right nor wrong.
    mutating func note(_ name: String, _ figure: Double) { lines.append((name, figure, nil)) }
}

extension GoldenReport {
    /// Feature, embedding and logits of the recorded clips.
    mutating func checkEvaluation(_ parameters: Parameters, _ recorded: Safetensors) {
        let a = parameters.architecture
        let network = FoldedNetwork(parameters)
        let scratch = FoldedNetwork.Scratch(a)
        let (mel, wave) = (recorded["mel"]?.values ?? [], recorded["wave"]?.values ?? [])
        let labels = recorded["label"]?.values.map { Int($0) } ?? []
        let melCount = a.melBands * a.frames
        let hearings = labels.indices.map { clip in
            network.hear(
                logMel: Array(mel[clip * melCount..<(clip + 1) * melCount]),
                wave: a.usesWave ? Array(wave[clip * a.waveSamples..<(clip + 1) * a.waveSamples]) : [],
                scratch: scratch)
        }
        let logits = zip(hearings, labels).map { ArcFace().logits($0.cosines, label: $1) }
        let odds = zip(logits, labels).map { Logits.logOdds($0, label: $1) }
        for (name, values) in [
            ("feature", hearings.flatMap(\.vector)), ("embedding", hearings.flatMap(\.embedding)),
            ("logits", logits.flatMap(\.self)), ("log_odds", odds),
            ("cross_entropy", odds.map { Logits.crossEntropy(logOdds: $0) }),
        ] { compare(name, values, recorded[name]?.values ?? [], within: 1e-4) }
    }
}
