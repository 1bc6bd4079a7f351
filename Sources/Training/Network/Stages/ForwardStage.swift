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
    /// Those of the averaged network, where it hears the batch too.
    private let teacher: Provision?
    /// The encoded shards.
    let requests: [[UInt8]]
    var shards: ShardList<ForwardShard.Output>
    private var suspicion = OutputSuspicion()

    init(_ progress: TrainingProgress) {
        let (course, state) = (progress.course, progress.state)
        self.progress = progress
        batch = course.set.batch(course.plan.batch(step: state.step + 1))
        weights = Provision(state.weights)
        let teacher = course.recipe.isTaught ? Provision(state.average) : nil
        self.teacher = teacher
        let task = course.task(weights.hash)
        requests = batch.shards.map { ForwardShard(task: task, clips: $0, teacher: teacher?.hash).encoded() }
        shards = ShardList(.forward, step: state.step + 1, kind: ForwardShard.kind, requests)
    }

    var provisions: [Provision] {
        // Before the first step both are the same.
        guard let teacher, teacher.hash != weights.hash else { return [weights] }
        return [weights, teacher]
    }

    mutating func read(_ output: [UInt8], _ index: Int) throws(WireError) -> ForwardShard.Output {
        let clips = batch.shards[index].count
        let features = try ForwardShard.Output(
            decoding: output, clips: clips, of: progress.state.weights, isTaught: teacher != nil)
        if !features.isFinite { try suspicion.raise(output, of: index, "features that are not finite") }
        return features
    }
}

extension ForwardShard.Output {
    /// Throws `.wrongOutput` where the features are not those of so many clips.
    init(decoding output: [UInt8], clips: Int, of weights: Parameters, isTaught: Bool = false) throws(WireError) {
        self = try ForwardShard.Output(decoding: output)
        guard features.count == clips * weights.architecture.trunkChannels,
            statistics.count == weights.layout.statisticsCount
        else {
            throw WireError(
                .wrongOutput, "\(features.count) features and \(statistics.count) moments of \(clips) clips")
        }
        let (a, taught) = (weights.architecture, isTaught ? clips : 0)
        guard teacher.embeddings.count == taught * a.embeddingSize, teacher.cosines.count == taught * a.classes else {
            throw WireError(
                .wrongOutput,
                "\(teacher.embeddings.count) numbers of embeddings and \(teacher.cosines.count) cosines of \(clips) clips"
            )
        }
    }

    var isFinite: Bool {
        [features, statistics, teacher.embeddings, teacher.cosines].allSatisfy { $0.allSatisfy(\.isFinite) }
    }
}
