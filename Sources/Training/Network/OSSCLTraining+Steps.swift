internal import Detection
internal import Networks
internal import Plant
internal import Tensors
internal import Wire

// One synchronous step: forward shards, the tail over the whole batch, backward shards, and the optimiser.

extension OSSCLTraining {
    /// Asks for the first phase of the next step.
    func beginStep() {
        guard let course, let state else { return }
        let entries = course.plan.batch(step: state.step + 1)
        let task = course.task(state.weights, feature: feature)
        let forward = entries.cut(into: recipe.shard).map { entries in
            ForwardShard(
                task: task,
                clips: entries.map { entry in
                    ForwardShard.Clip(
                        ShardClip(course.training[entry.clip]),
                        partner: entry.share == 1 ? nil : ShardClip(course.training[entry.partner]), share: entry.share)
                }
            ).encoded()
        }
        batch = TrainingBatch(entries: entries, forward: forward)
        ask(.forward, step: state.step + 1, kind: ForwardShard.kind, weights: state.weights, forward)
    }

    /// The features of a forward shard, if they have the shape they should.
    func features(_ output: [UInt8], _ index: Int) throws(WireError) -> ForwardShard.Output {
        guard let course, let batch else { preconditionFailure("features before the survey") }
        let features = try ForwardShard.Output(decoding: output)
        let layout = ParameterLayout(course.architecture)
        let clips = min(recipe.shard, batch.entries.count - index * recipe.shard)
        guard features.features.count == clips * course.architecture.trunkChannels,
            features.statistics.count == layout.count - layout.trainedCount
        else {
            throw WireError(
                .wrongOutput,
                "\(features.features.count) features and \(features.statistics.count) moments of \(clips) clips")
        }
        if !features.features.allSatisfy(\.isFinite) || !features.statistics.allSatisfy(\.isFinite) {
            try self.batch?.suspect(output, of: index, "features that are not finite")
        }
        return features
    }

    /// The rest of the network for the whole batch, and back: turns features into the gradient of each of them.
    func runTail() {
        guard let course, let state, var batch else { return }
        let a = course.architecture
        let features = shards.outputs.compactMap { $0?.features?.features }
        let targets = Tail.Targets(
            labels: batch.entries.map { course.labels[$0.clip] },
            mixedLabels: batch.entries.map { course.labels[$0.partner] }, shares: batch.entries.map(\.share))
        let gradient = FloatBuffer(count: state.weights.layout.count)
        let outcome = Tail(a, clips: batch.entries.count).step(
            state.weights, features: features.flatMap { $0 }, targets: targets, gradient: gradient)
        batch.tail = gradient
        batch.outcome = outcome
        self.batch = batch
        let gradients = outcome.featureGradient.cut(into: recipe.shard * a.trunkChannels)
        let backward = batch.forward.indices.map { index in
            BackwardShard(
                forward: batch.forward[index], featuresHash: features[index].contentHash,
                featureGradient: gradients[index]
            ).encoded()
        }
        ask(
            .backward, step: state.step + 1, kind: BackwardShard.kind, weights: state.weights, backward,
            follows: (.forward, state.step + 1))
    }

    /// Adds the gradient of a backward shard to the sum, if it has the shape it should.
    func add(_ output: [UInt8], _ index: Int) throws(WireError) -> Output {
        guard let layout = state?.weights.layout else { preconditionFailure("a gradient before the survey") }
        let backward = try BackwardShard.Output(decoding: output)
        guard backward.gradient.count == layout.trainedCount,
            backward.statistics.count == layout.count - layout.trainedCount
        else {
            throw WireError(
                .wrongOutput,
                "a gradient of \(backward.gradient.count) and \(backward.statistics.count) moments, "
                    + "not of \(layout.trainedCount) and \(layout.count - layout.trainedCount)")
        }
        let change = FloatBuffer(backward.gradient + backward.statistics)
        if !gate.passes(norm: change.norm(first: layout.trainedCount)) {
            try batch?.suspect(output, of: index, "a gradient that is not finite or far longer than usual")
        }
        batch?.sum.add(change, at: index)
        return .added
    }

    /// Every gradient is there: takes the step.
    func completeStep() {
        guard let course, let state, let batch, let sum = batch.sum.total, let tail = batch.tail,
            let before = weightsInUse?.hash
        else { return }
        let layout = state.weights.layout
        let change = TrainingBatch.change(sum, tail: tail, shards: batch.forward.count, layout)
        let norm = change.norm(first: layout.trainedCount)
        let isFit = gate.passes(norm: norm)
        if isFit { gate.passed(norm: norm) } else { gate.skipped() }
        state.apply(isFit ? change : nil, recipe: recipe, steps: course.steps)
        milestones.append(
            .step(
                CompletedStep(
                    number: state.step, clipCount: batch.entries.count, loss: batch.outcome?.loss ?? 0,
                    learningRate: recipe.learningRate(step: state.step, of: course.steps), before: before,
                    after: state.weights.weightsHash, change: isFit ? change : nil)))
        self.batch = nil
        guard gate.skips < GradientGate.skipLimit else {
            failure = .diverged(steps: gate.skips)
            return
        }
        afterStep()
    }

    /// Whether the averaged weights are to be validated before the next step.
    var isValidationDue: Bool {
        guard let course, let state, state.step > state.validatedStep, !course.heldBack.isEmpty else { return false }
        return recipe.isValidated(
            after: course.schedule.start(ofUnitEndingAt: state.step), to: state.step, of: course.steps)
    }

    /// What follows a step, or the survey: a validation, another step or round, or the end.
    func afterStep() {
        guard let course, let state else { return }
        if isValidationDue {
            validate()
        } else {
            switch course.schedule.unit(after: state.step) {
            case .step: beginStep()
            case .round(let round): beginRound(round)
            case nil: refreshStatistics()
            }
        }
    }

    /// Asks what the averaged network makes of the clips that are held back.
    private func validate() {
        guard let course, let state else { return }
        ask(
            .validation, step: state.step, kind: MeasureShard.kind, weights: state.average,
            measureShards(of: course.heldBack, state.average))
    }

    func completeValidation() {
        let losses = shards.outputs.flatMap { $0?.measures ?? [] }.compactMap { outcome -> Double? in
            if case .done(let measures) = outcome { measures.measurement.crossEntropy } else { nil }
        }
        guard let state else { return }
        let loss = losses.isEmpty ? .infinity : losses.reduce(0, +) / Double(losses.count)
        state.validated(loss: loss)
        milestones.append(.validated(step: state.step, loss: loss))
        afterStep()
    }
}

extension RunFailure {
    static func diverged(steps: Int) -> RunFailure {
        RunFailure(
            "the gradients of \(steps) steps in a row were not finite or far too large; the last checkpoint is "
                + "good: fork it with a lower learning rate")
    }
}

extension [Float] {
    /// Of the numbers' bytes.
    var contentHash: ContentHash { withUnsafeBytes { ContentHash(of: $0) } }
}
