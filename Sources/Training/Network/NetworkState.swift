internal import Networks
internal import Plant
internal import Tensors
internal import Wire

/// All that a training of the network carries from one step to the next. It has no lock: one thread owns it.
final class NetworkState {
    let weights: Parameters
    let moments: AdamW.Moments
    /// The moving average, which is the network that hears.
    let average: Parameters
    /// Steps done.
    private(set) var step = 0
    /// The average at its best validation so far.
    private(set) var best: Best?
    /// The last step whose average was validated.
    private(set) var validatedStep = 0
    /// Nil before the first round of replicas.
    private(set) var rounds: RoundState?

    struct Best {
        var average: Parameters
        var loss: Double
        var step: Int
    }

    init(_ architecture: Architecture, seed: UInt64) {
        weights = Parameters(architecture, seed: seed)
        moments = AdamW.Moments(weights.layout)
        average = weights.copy()
    }

    /// One step of the optimiser, of the running statistics and of the average.
    ///
    /// - Parameter change: the gradient, and behind it the batch moments; nil for a step that is skipped.
    func apply(_ change: FloatBuffer?, recipe: TrainingRecipe, steps: Int) {
        step += 1
        guard let change else { return }
        recipe.optimiser.step(
            weights, gradient: change, moments: moments, learningRate: recipe.learningRate(step: step, of: steps))
        weights.follow(statistics: change)
        recipe.average.update(average, with: weights, steps: step - 1..<step)
    }

    /// A round of replicas is about to begin.
    func begin(_ round: TrainingSchedule.Round) -> RoundState {
        let rounds = self.rounds ?? RoundState(weights.layout)
        self.rounds = rounds
        rounds.begin(round, weights)
        return rounds
    }

    /// The end of a round: moves the weights and the average.
    ///
    /// - Parameter mean: of the replicas' weights.
    func apply(
        _ round: TrainingSchedule.Round, mean: FloatBuffer, recipe: TrainingRecipe, schedule: TrainingSchedule
    ) {
        guard let rounds, let replicas = recipe.replicas else { preconditionFailure("a round that was not begun") }
        rounds.apply(
            mean: mean, to: weights, replicas.averaging, isCompressed: schedule.isCompressed(round))
        if round.endsSpan { rounds.endSpan() }
        step = round.end
        recipe.average.update(average, with: weights, steps: round.start..<round.end)
        if case .step? = schedule.unit(after: step) { moments.reset() }
    }

    /// Takes over a saved state; false where it is of another network.
    func load(_ saved: TrainingCheckpoint) -> Bool {
        let (architecture, trained) = (weights.architecture, weights.layout.trainedCount)
        guard let first = FloatBuffer(bytes: saved.first), first.count == trained,
            let second = FloatBuffer(bytes: saved.second), second.count == trained,
            weights.load(bytes: saved.weights), average.load(bytes: saved.average)
        else { return false }
        moments.first.copy(from: first)
        moments.second.copy(from: second)
        moments.steps = saved.momentSteps
        (step, validatedStep) = (saved.step, saved.validatedStep)
        if let saved = saved.rounds {
            let rounds = RoundState(weights.layout)
            guard rounds.load(saved, weights: weights) else { return false }
            self.rounds = rounds
        }
        guard let best = saved.best else { return true }
        let parameters = Parameters(architecture)
        guard parameters.load(bytes: best.average) else { return false }
        self.best = Best(average: parameters, loss: best.loss, step: best.step)
        return true
    }

    /// The average was validated after the present step.
    func validated(loss: Double) {
        validatedStep = step
        guard loss < best?.loss ?? .infinity else { return }
        best = Best(average: average.copy(), loss: loss, step: step)
    }
}
