internal import Networks
internal import Plant
internal import Tensors
internal import Wire

/// The second phase of a step: its shards come back from the gradient of their features.
struct BackwardStage: TrainingStage {
    let progress: TrainingProgress
    var shards: ShardList<Void>
    private let weights: Provision
    private let clipCount: Int
    private var turned: TurnedStep
    private var suspicion = OutputSuspicion()

    /// Every shard's features are there: the tail goes through the whole batch.
    init(_ forward: ForwardStage) {
        let (state, features) = (forward.progress.state, forward.shards.collected.map(\.features))
        progress = forward.progress
        weights = forward.weights
        clipCount = forward.batch.clipCount
        turned = TurnedStep(forward.batch, features: features, state.weights)
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
        return CompletedStep(
            number: state.step, clipCount: clipCount, loss: turned.loss,
            learningRate: course.learningRate(step: state.step), before: weights.hash, after: state.weights.weightsHash,
            change: isTaken ? change : nil)
    }
}
