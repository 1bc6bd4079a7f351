internal import Detection
internal import Networks
internal import Plant
internal import Spectra
internal import Wire

/// What does not change any more once the clips were looked at: which are trained on, which are held back, what network
/// hears them, and in what order of steps.
struct TrainingCourse {
    /// Longer clips are heard up to here, seconds.
    private static let longestWindowSeconds = 10

    let recipe: TrainingRecipe
    let feature: LogMelParameters
    /// What was found of all clips, in fixed order.
    let survey: [ClipOutcome<SurveyShard.Output.Extent>]
    let architecture: Architecture
    /// How much is heard of a clip, where the network hears crops of it; nil where it hears all of that.
    let clipExtent: SurveyShard.Output.Extent?
    /// The class table.
    let machines: [MachineName]
    let training: [DatasetClip]
    let heldBack: [DatasetClip]
    /// The training clips as shards hear them.
    let set: TrainingSet
    let plan: BatchPlan
    let schedule: TrainingSchedule
    let leftOut: [LeftOut]

    /// - Parameters:
    ///   - clips: in fixed order.
    ///   - survey: one entry per clip.
    init(
        _ clips: [DatasetClip], survey: [ClipOutcome<SurveyShard.Output.Extent>], feature: LogMelParameters,
        recipe: TrainingRecipe
    ) throws(RunFailure) {
        var architecture = recipe.architecture
        architecture.melBands = feature.melBands
        let window = Self.window(survey, feature: feature)
        let heard = recipe.cropSeconds.map { window.cropped(toSeconds: $0, feature) } ?? window
        if heard.samples > 0 { architecture.waveSamples = heard.samples }
        architecture.frames = heard.frames
        clipExtent = heard == window ? nil : window
        var leftOut: [LeftOut] = []
        var usable: [DatasetClip] = []
        for (clip, outcome) in zip(clips, survey) {
            switch outcome {
            case .unusable(let reason):
                leftOut.append(LeftOut(machine: clip.machine, clip: clip.path, reason: reason))
            case .done(let extent) where extent.frames < window.frames || extent.samples < window.samples:
                leftOut.append(
                    LeftOut(
                        machine: clip.machine, clip: clip.path,
                        reason: "\(clip.path): is shorter than most clips of the dataset"))
            case .done: usable.append(clip)
            }
        }
        let split = ClipSplit(usable, share: recipe.heldBackShare, seed: recipe.seed)
        machines = Set(split.training.map(\.machine)).sorted()
        let classes = Dictionary(uniqueKeysWithValues: machines.enumerated().map { ($1, $0) })
        guard machines.count >= 2 else {
            throw RunFailure(
                "a network tells machines apart and needs usable training clips of at least two; this dataset has them "
                    + "of \(machines.count)\(leftOut.first.map { " (\($0.reason))" } ?? ""); train a density model instead"
            )
        }
        architecture.classes = machines.count
        if let complaint = architecture.complaint {
            throw RunFailure("no network can be made for these clips: \(complaint)")
        }
        (training, heldBack) = (split.training, split.heldBack)
        set = TrainingSet(
            clips: training.map { ShardClip($0) }, labels: training.compactMap { classes[$0.machine] },
            shard: recipe.shard)
        plan = BatchPlan(recipe, labels: set.labels, slack: window.frames - heard.frames)
        schedule = TrainingSchedule(steps: recipe.steps(clips: training.count), replicas: recipe.replicas)
        if let replicas = recipe.replicas, replicas.replicas > training.count {
            throw RunFailure("\(replicas.replicas) replicas are more than the \(training.count) clips; choose fewer")
        }
        (self.recipe, self.feature, self.survey) = (recipe, feature, survey)
        (self.architecture, self.leftOut) = (architecture, leftOut)
    }

    var steps: Int { schedule.steps }

    func learningRate(step: Int) -> Double {
        recipe.learningRate(step: step, of: steps, clips: training.count)
    }

    /// The length that most clips have, of which at most ten seconds are heard.
    private static func window(
        _ survey: [ClipOutcome<SurveyShard.Output.Extent>], feature: LogMelParameters
    ) -> SurveyShard.Output.Extent {
        var counts: [SurveyShard.Output.Extent: Int] = [:]
        for case .done(let extent) in survey { counts[extent, default: 0] += 1 }
        let rank = { (extent: SurveyShard.Output.Extent, count: Int) in (count, extent.frames, extent.samples) }
        let usual = counts.max { rank($0.key, $0.value) < rank($1.key, $1.value) }?.key
        guard let usual, usual.samples > 0 else { return usual ?? .init(samples: 0, frames: 0) }
        let samples = min(usual.samples, longestWindowSeconds * feature.sampleRateHz)
        return .init(samples: samples, frames: feature.frameCount(sampleCount: samples))
    }

    /// The network at those weights, as shards name it.
    func task(_ weights: ContentHash) -> NetworkTask {
        NetworkTask(
            architecture: architecture.settings, feature: feature.record, weights: weights, clipExtent: clipExtent)
    }
}

extension SurveyShard.Output.Extent {
    /// As much of a clip as lasts so long, but no more than there is; whole frames, at least one.
    func cropped(toSeconds seconds: Double, _ feature: LogMelParameters) -> Self {
        let wanted = Int((seconds * Double(feature.sampleRateHz) / Double(feature.hopLength)).rounded())
        guard wanted < frames else { return self }
        let frames = max(wanted, 1)
        return .init(samples: samples > 0 ? (frames - 1) * feature.hopLength : 0, frames: frames)
    }
}
