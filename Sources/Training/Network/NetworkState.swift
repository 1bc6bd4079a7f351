internal import Networks
internal import Plant
internal import Tensors
internal import Wire

/// All that a training of the network carries from one step to the next. It has no lock: one thread owns it.
final class NetworkState {
    let weights: Parameters
    let descent: Descent
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
    /// What the averaged network made of earlier batches; nil where nothing is remembered.
    private(set) var memory: EmbeddingMemory?

    /// What the model is made of once all steps are done: the average at its best validation, unless it is to be the mean of
    /// the last steps.
    func product(_ recipe: TrainingRecipe) -> Parameters {
        recipe.average.meanFrom == nil ? best?.average ?? average : average
    }

    struct Best {
        var average: Parameters
        var loss: Double
        var step: Int
    }

    init(_ architecture: Architecture, _ recipe: TrainingRecipe) {
        weights = Parameters(architecture, seed: recipe.seed)
        memory = recipe.memory.map { EmbeddingMemory(classes: architecture.classes, limit: $0) }
        descent = Descent(weights.layout)
        average = weights.copy()
    }

    /// One step of the weights, of the running statistics and of the average; skipped where the gate refuses it.
    ///
    /// - Parameter change: the gradient, and behind it the batch moments.
    /// - Returns: whether the step was taken.
    func step(_ change: FloatBuffer, _ course: TrainingCourse) -> Bool {
        step += 1
        let isTaken = descent.step(
            weights, change, course.recipe.optimiser, learningRate: course.learningRate(step: step))
        if isTaken { course.recipe.average.update(average, with: weights, steps: step - 1..<step) }
        return isTaken
    }

    /// The averaged network's embeddings of a batch that was stepped on.
    func remember(_ embeddings: [Float], labels: [Int]) { memory?.add(embeddings, labels: labels) }

    /// A step that an earlier coordinator skipped.
    func skip() {
        step += 1
        descent.gate.skipped()
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
    func finish(_ round: TrainingSchedule.Round, mean: FloatBuffer, _ course: TrainingCourse) {
        guard let rounds, let replicas = course.recipe.replicas else {
            preconditionFailure("a round that was not begun")
        }
        rounds.apply(
            mean: mean, to: weights, replicas.averaging, isCompressed: course.schedule.isCompressed(round))
        if round.endsSpan { rounds.endSpan() }
        step = round.end
        course.recipe.average.update(average, with: weights, steps: round.start..<round.end)
        if case .step? = course.schedule.unit(after: step) { descent.moments.reset() }
    }

    /// All of it, for a checkpoint.
    func saved(survey: [ClipOutcome<SurveyShard.Output.Extent>]) -> TrainingCheckpoint {
        TrainingCheckpoint(
            survey: SurveyShard.Output(clips: survey), step: step, momentSteps: descent.moments.steps,
            weights: weights.bytes, first: descent.moments.first.bytes, second: descent.moments.second.bytes,
            average: average.bytes,
            best: best.map { .init(average: $0.average.bytes, loss: $0.loss, step: $0.step) },
            validatedStep: validatedStep, norms: descent.gate.norms, skips: descent.gate.skips, rounds: rounds?.saved,
            memory: memory?.saved ?? [])
    }

    /// Takes over a saved state; false where it is of another network.
    func load(_ saved: TrainingCheckpoint) -> Bool {
        let (architecture, trained) = (weights.architecture, weights.layout.trainedCount)
        guard let first = FloatBuffer(bytes: saved.first), first.count == trained,
            let second = FloatBuffer(bytes: saved.second), second.count == trained,
            weights.load(bytes: saved.weights), average.load(bytes: saved.average)
        else { return false }
        descent.moments.first.copy(from: first)
        descent.moments.second.copy(from: second)
        descent.moments.steps = saved.momentSteps
        descent.gate = GradientGate(norms: saved.norms, skips: saved.skips)
        (step, validatedStep) = (saved.step, saved.validatedStep)
        // A run that was forked from one that remembered nothing, or less, begins with that.
        if let memory, !saved.memory.isEmpty {
            guard let known = EmbeddingMemory(saved.memory, of: architecture, limit: memory.limit) else { return false }
            self.memory = known
        }
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

extension EmbeddingMemory {
    /// One entry per class, for a checkpoint.
    fileprivate var saved: [[UInt8]] { classes.map { FloatBuffer($0.flatMap { $0 }).bytes } }

    /// Nil where the entries are of another network.
    fileprivate init?(_ saved: [[UInt8]], of a: Architecture, limit: Int) {
        guard saved.count == a.classes else { return nil }
        self.init(classes: a.classes, limit: limit)
        for (label, bytes) in saved.enumerated() {
            guard let kept = FloatBuffer(bytes: bytes), kept.count % a.embeddingSize == 0 else { return nil }
            add(kept.values, labels: Array(repeating: label, count: kept.count / a.embeddingSize))
        }
    }
}
