internal import Detection
internal import Networks
internal import Plant
internal import Spectra
internal import Tensors
internal import Wire

/// One round: every replica takes its steps, then they are averaged.
struct RoundStage: TrainingStage {
    enum Output {
        /// A replica's weights at the end of its round.
        case weights(FloatBuffer, loss: Double)
        case diverged
    }

    let progress: TrainingProgress
    let provisions: [Provision]
    var shards: ShardList<Output>
    private(set) var failure: RunFailure?
    private let round: TrainingSchedule.Round
    private let replicas: ReplicaRecipe
    private let before: ContentHash
    private var suspicion = OutputSuspicion()

    init(_ progress: TrainingProgress, _ round: TrainingSchedule.Round) {
        let (course, state) = (progress.course, progress.state)
        guard let replicas = course.recipe.replicas else { preconditionFailure("a round of no replicas") }
        let rounds = state.begin(round)
        let common = course.roundCourse(replicas).encoded()
        let provision = Provision(hash: ContentHash(of: common)) { common }
        let span = course.schedule.span(upTo: round)
        (self.progress, self.round, self.replicas) = (progress, round, replicas)
        before = state.weights.weightsHash
        provisions = rounds.provisions(course: provision)
        shards = ShardList(
            .round, step: round.end, kind: RoundShard.kind,
            (0..<replicas.replicas).map {
                rounds.specification(replica: $0, span, course.schedule, course: provision.hash)
            },
            follows: round.isFresh ? nil : (.round, round.start))
    }

    mutating func read(_ output: [UInt8], _ index: Int) throws(WireError) -> Output {
        let weights = progress.state.weights
        let layout = weights.layout
        switch try RoundShard.Output(decoding: output) {
        case .weights(let values, let steps):
            guard values.count == layout.count, values.allSatisfy(\.isFinite) else {
                throw WireError(.wrongOutput, "\(values.count) weights are not \(layout.count) finite numbers")
            }
            return .weights(FloatBuffer(values), loss: steps.loss)
        case .change(let change, let steps):
            guard change.fits(layout) else {
                throw WireError(
                    .wrongOutput, "a change of \(change.digits.count) weights, not of \(layout.trainedCount)")
            }
            let changed = weights.copy()
            change.apply(to: changed)
            return .weights(changed.buffer, loss: steps.loss)
        case .diverged:
            try suspicion.raise(output, of: index, "gradients that are not finite or far longer than usual")
            failure = .diverged(steps: GradientGate.skipLimit)
            return .diverged
        }
    }

    /// Every replica is there: averages them.
    func take() -> CompletedStep {
        let (course, state) = (progress.course, progress.state)
        let ends = shards.collected.map { output in
            guard case .weights(let weights, let loss) = output else {
                preconditionFailure("a replica of a finished round has diverged")
            }
            return (weights: weights, loss: loss)
        }
        let shares = replicas.shares(clips: course.training.count)
        let mean = ReplicaRecipe.mean(ends.map(\.weights), shares: shares)
        state.finish(round, mean: mean, course)
        return CompletedStep(
            number: state.step, clipCount: replicas.replicas * round.steps * course.recipe.batch,
            loss: zip(ends, shares).reduce(0) { $0 + $1.0.loss * $1.1 },
            learningRate: course.learningRate(step: state.step), before: before, after: state.weights.weightsHash,
            change: mean)
    }
}
