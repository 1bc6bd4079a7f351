internal import Networks
internal import Plant
internal import Tensors
internal import Wire

/// The second phase of a step: its shards come back from the gradient of their features.
struct BackwardStage: TrainingStage {
    let progress: TrainingProgress
    var shards: ShardList<Void>
    private let weights: Provision
    private let batch: TrainingBatch
    /// What the averaged network made of the batch; empty where it was not asked.
    private let embeddings: [Float]
    private var turned: TurnedStep
    private var suspicion = OutputSuspicion()

    /// Every shard's features are there: the tail goes through the whole batch.
    init(_ forward: ForwardStage) {
        let (course, state, outputs) = (forward.progress.course, forward.progress.state, forward.shards.collected)
        let features = outputs.map(\.features)
        progress = forward.progress
        weights = forward.weights
        embeddings = outputs.flatMap(\.teacher.embeddings)
        var batch = forward.batch
        batch.targets.memory = state.memory
        if let teacher = course.recipe.teacher {
            let scale = ArcFace().scale
            batch.targets.teacher = (
                outputs.flatMap(\.teacher.cosines).map { scale * $0 },
                Float(teacher.weight(step: state.step, of: course.steps))
            )
        }
        self.batch = batch
        turned = TurnedStep(batch, features: features, state.weights)
        let step = state.step + 1
        shards = ShardList(
            .backward, step: step, kind: BackwardShard.kind,
            zip(zip(forward.requests, features), turned.featureGradients).map { forward, gradient in
                BackwardShard(
                    forward: forward.0, featuresHash: forward.1.contentHash, featureGradient: gradient
                ).encoded()
            }, follows: (.forward, step))
    }

    var provisions: [Provision] { [weights] }

    mutating func read(_ output: [UInt8], _ index: Int) throws(WireError) {
        let layout = progress.state.weights.layout
        let backward = try BackwardShard.Output(decoding: output)
        guard backward.gradient.count == layout.trainedCount,
            backward.statistics.count == layout.statisticsCount
        else {
            throw WireError(
                .wrongOutput,
                "a gradient of \(backward.gradient.count) and \(backward.statistics.count) moments, "
                    + "not of \(layout.trainedCount) and \(layout.statisticsCount)")
        }
        let change = FloatBuffer(backward.gradient + backward.statistics)
        if !progress.state.descent.gate.passes(norm: change.norm(first: layout.trainedCount)) {
            try suspicion.raise(output, of: index, "a gradient that is not finite or far longer than usual")
        }
        turned.add(change, at: index)
    }

    /// Every gradient is there: takes the step.
    func take() -> CompletedStep {
        let (course, state) = (progress.course, progress.state)
        let change = turned.change()
        let isTaken = state.step(change, course)
        if isTaken, course.recipe.memory != nil { state.remember(embeddings, labels: batch.targets.labels) }
        return CompletedStep(
            number: state.step, clipCount: batch.clipCount, loss: turned.loss,
            learningRate: course.learningRate(step: state.step), before: weights.hash, after: state.weights.weightsHash,
            change: isTaken ? change : nil)
    }
}
