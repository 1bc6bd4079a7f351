internal import Detection
internal import Networks
internal import Plant
internal import Wire

/// What a network at rest makes of clips: of those that are held back, for a validation; of all, for the finished model.
struct MeasureStage: TrainingStage {
    /// Clips per shard.
    private static let shard = 16

    typealias Measures = ClipOutcome<MeasureShard.Output.Measures>

    let progress: TrainingProgress
    var shards: ShardList<[Measures]>
    private let weights: Provision
    private let clips: Int

    /// - Parameter weights: at which the network is to rest.
    init(_ phase: TrainingPhase, _ progress: TrainingProgress, _ clips: [DatasetClip], _ weights: Parameters, step: Int)
    {
        self.progress = progress
        self.clips = clips.count
        self.weights = Provision(weights)
        let (course, task) = (progress.course, progress.course.task(self.weights.hash))
        shards = ShardList(
            phase, step: step, kind: MeasureShard.kind,
            clips.cut(into: Self.shard).map { clips in
                MeasureShard(task: task, machines: course.machines, clips: clips.map { ShardClip($0) }).encoded()
            })
    }

    var provisions: [Provision] { [weights] }

    func read(_ output: [UInt8], _ index: Int) throws(WireError) -> [Measures] {
        let found = try MeasureShard.Output(decoding: output).clips
        let expected = min(Self.shard, clips - index * Self.shard)
        guard found.count == expected else {
            throw WireError(.wrongOutput, "\(found.count) entries for \(expected) clips")
        }
        for case .done(let measures) in found {
            guard measures.logOdds.isFinite, measures.centreDistance.isFinite,
                measures.embedding.count == progress.course.architecture.embeddingSize,
                measures.embedding.allSatisfy(\.isFinite), measures.timeStatistics.allSatisfy(\.isFinite)
            else { throw WireError(.wrongOutput, "measures that are not finite or of another network") }
        }
        return found
    }

    /// One entry per clip.
    var measures: [Measures] { shards.collected.flatMap { $0 } }

    /// The mean cross-entropy of the clips.
    var loss: Double {
        let losses = measures.compactMap { outcome -> Double? in
            if case .done(let measures) = outcome { measures.measurement.crossEntropy } else { nil }
        }
        return losses.isEmpty ? .infinity : losses.reduce(0, +) / Double(losses.count)
    }
}
