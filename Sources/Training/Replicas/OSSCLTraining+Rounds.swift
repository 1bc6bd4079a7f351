internal import Detection
internal import Networks
internal import Plant
internal import Spectra
internal import Tensors
internal import Wire

// One round: every replica takes its steps, then they are averaged.

extension OSSCLTraining {
    /// Asks for the rounds of all replicas.
    func beginRound(_ round: TrainingSchedule.Round) {
        guard let course, let state, let replicas = recipe.replicas else { return }
        let provision = roundCourse ?? Self.provision(course.roundCourse(recipe, replicas, feature: feature))
        roundCourse = provision
        let rounds = state.begin(round)
        let span = course.schedule.span(upTo: round)
        suspects = [:]
        ask(
            .round, step: round.end, kind: RoundShard.kind, weights: state.weights,
            (0..<replicas.replicas).map {
                rounds.specification(replica: $0, span, course.schedule, course: provision.hash)
            },
            follows: round.isFresh ? nil : (.round, round.start))
    }

    private static func provision(_ course: RoundCourse) -> Provision {
        let bytes = course.encoded()
        return Provision(hash: ContentHash(of: bytes)) { bytes }
    }

    /// The weights with which a replica ended its round, if they are some.
    func replica(_ output: [UInt8], _ index: Int) throws(WireError) -> Output {
        guard let state else { preconditionFailure("a round before the survey") }
        let layout = state.weights.layout
        let (weights, course): (FloatBuffer, RoundShard.Output.Course)
        switch try RoundShard.Output(decoding: output) {
        case .weights(let values, let steps):
            guard values.count == layout.count, values.allSatisfy(\.isFinite) else {
                throw WireError(.wrongOutput, "\(values.count) weights are not \(layout.count) finite numbers")
            }
            (weights, course) = (FloatBuffer(values), steps)
        case .change(let change, let steps):
            guard change.fits(layout) else {
                throw WireError(
                    .wrongOutput, "a change of \(change.digits.count) weights, not of \(layout.trainedCount)")
            }
            let changed = state.weights.copy()
            change.apply(to: changed)
            (weights, course) = (changed.buffer, steps)
        case .diverged:
            // Once it may have been the worker's memory; the same again is what the clips make of these weights.
            let hash = ContentHash(of: output)
            guard suspects.updateValue(hash, forKey: index) == hash else {
                throw WireError(.wrongOutput, "gradients that are not finite or far longer than usual")
            }
            failure = .diverged(steps: GradientGate.skipLimit)
            return .added
        }
        return .replica(weights, loss: course.loss)
    }

    /// Every replica is there: averages them.
    func completeRound() {
        guard let course, let state, let replicas = recipe.replicas, failure == nil,
            case .round(let round)? = course.schedule.unit(after: state.step)
        else { return }
        let ends = shards.outputs.compactMap { $0?.replica }
        let shares = replicas.shares(clips: course.training.count)
        let mean = ReplicaRecipe.mean(ends.map(\.weights), shares: shares)
        let before = state.weights.weightsHash
        state.apply(round, mean: mean, recipe: recipe, schedule: course.schedule)
        milestones.append(
            .step(
                CompletedStep(
                    number: state.step, clipCount: replicas.replicas * round.steps * recipe.batch,
                    loss: zip(ends, shares).reduce(0) { $0 + $1.0.loss * $1.1 },
                    learningRate: recipe.learningRate(step: state.step, of: course.steps), before: before,
                    after: state.weights.weightsHash, change: mean)))
        afterStep()
    }
}

extension TrainingCourse {
    /// What workers have to know of all rounds.
    func roundCourse(_ recipe: TrainingRecipe, _ replicas: ReplicaRecipe, feature: LogMelParameters) -> RoundCourse {
        RoundCourse(
            architecture: architecture.settings, feature: feature.record, clips: training.map { ShardClip($0) },
            labels: labels, batch: recipe.batch, shard: recipe.shard, seed: recipe.seed, mixes: recipe.mixes,
            isBalanced: recipe.isBalanced, steps: steps, learningRate: recipe.learningRate,
            adamW: RoundCourse.AdamW(recipe.optimiser), replicas: replicas.replicas,
            isDivided: replicas.averaging == .fedAvg)
    }
}
