internal import Networks
internal import Plant
internal import Tensors
internal import Wire

/// The first phase of a step: shards of its batch are taken up to the features of the backbone.
struct ForwardStage: TrainingStage {
    let progress: TrainingProgress
    let batch: TrainingBatch
    /// The weights that the step moves.
    let weights: Provision
    /// The encoded shards.
    let requests: [[UInt8]]
    var shards: ShardList<ForwardShard.Output>
    private var suspicion = OutputSuspicion()

    init(_ progress: TrainingProgress) {
        let (course, state) = (progress.course, progress.state)
        self.progress = progress
        batch = course.set.batch(course.plan.batch(step: state.step + 1))
        weights = Provision(state.weights)
        let task = course.task(weights.hash)
        requests = batch.shards.map { ForwardShard(task: task, clips: $0).encoded() }
        shards = ShardList(.forward, step: state.step + 1, kind: ForwardShard.kind, requests)
    }

    var provisions: [Provision] { [weights] }

    mutating func read(_ output: [UInt8], _ index: Int) throws(WireError) -> ForwardShard.Output {
        let features = try ForwardShard.Output(
            decoding: output, clips: batch.shards[index].count, of: progress.state.weights)
        if !features.isFinite { try suspicion.raise(output, of: index, "features that are not finite") }
        return features
    }
}

extension ForwardShard.Output {
    /// Throws `.wrongOutput` where the features are not those of so many clips.
    init(decoding output: [UInt8], clips: Int, of weights: Parameters) throws(WireError) {
        self = try ForwardShard.Output(decoding: output)
        guard features.count == clips * weights.architecture.trunkChannels,
            statistics.count == weights.layout.statisticsCount
        else {
            throw WireError(
                .wrongOutput, "\(features.count) features and \(statistics.count) moments of \(clips) clips")
        }
    }

    var isFinite: Bool { features.allSatisfy(\.isFinite) && statistics.allSatisfy(\.isFinite) }
}
