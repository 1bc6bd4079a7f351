internal import Networks
internal import Plant
package import Tensors
internal import Wire

// The full state of a training as bytes, and how a training goes on from it.

extension OSSCLTraining {
    /// All that the next step depends on; nil while the clips are still being looked at.
    package var checkpoint: [UInt8]? {
        guard let state, let survey else { return nil }
        return TrainingCheckpoint(
            survey: SurveyShard.Output(clips: survey), step: state.step, momentSteps: state.moments.steps,
            weights: state.weights.bytes, first: state.moments.first.bytes, second: state.moments.second.bytes,
            average: state.average.bytes,
            best: state.best.map { .init(average: $0.average.bytes, loss: $0.loss, step: $0.step) },
            validatedStep: state.validatedStep, norms: gate.norms, skips: gate.skips,
            rounds: state.rounds?.saved
        ).encoded()
    }

    /// Goes on where another coordinator stopped.
    ///
    /// - Parameters:
    ///   - checkpoint: the newest.
    ///   - steps: those that were committed after it. The first whose change is not known, and all that follow, are
    ///     computed again.
    ///
    /// Throws where the checkpoint is not one of this run, or a step leads to other weights than were committed.
    package func restore(_ checkpoint: [UInt8], steps: [CommittedStep]) throws(RunFailure) {
        let saved: TrainingCheckpoint
        do throws(WireError) {
            saved = try TrainingCheckpoint(decoding: checkpoint)
        } catch {
            throw RunFailure("the checkpoint of this run cannot be read: \(error.reason)")
        }
        guard saved.survey.clips.count == clips.count else {
            throw RunFailure(
                "the checkpoint was made of \(saved.survey.clips.count) clips and the dataset has \(clips.count) now; "
                    + "start a new run")
        }
        let course = try TrainingCourse(clips, survey: saved.survey.clips, feature: feature, recipe: recipe)
        let state = NetworkState(course.architecture, seed: recipe.seed)
        guard state.load(saved) else {
            throw RunFailure("the checkpoint of this run is of another network; start a new run")
        }
        (survey, self.course, self.state) = (saved.survey.clips, course, state)
        gate = GradientGate(norms: saved.norms, skips: saved.skips)
        let losses = Dictionary(steps.map { ($0.number, $0.validationLoss) }, uniquingKeysWith: { first, _ in first })
        func recallValidation() {
            guard isValidationDue, let loss = losses[state.step] ?? nil else { return }
            state.validated(loss: loss)
        }
        for step in steps where step.number == course.schedule.unit(after: state.step)?.end {
            recallValidation()
            guard !isValidationDue else { break }
            guard let change = step.change ?? (step.isSkipped ? [] : nil) else { break }
            try replay(step, change, state, course)
        }
        recallValidation()
        afterStep()
    }

    private func replay(
        _ step: CommittedStep, _ bytes: [UInt8], _ state: NetworkState, _ course: TrainingCourse
    ) throws(RunFailure) {
        var change: FloatBuffer?
        if !step.isSkipped {
            guard let read = FloatBuffer(bytes: bytes), read.count == state.weights.layout.count else {
                throw RunFailure("the journal's step \(step.number) is of another network; delete the journal")
            }
            change = read
        }
        if case .round(let round)? = course.schedule.unit(after: state.step), let mean = change {
            _ = state.begin(round)
            state.apply(round, mean: mean, recipe: recipe, schedule: course.schedule)
        } else {
            if let change {
                gate.passed(norm: change.norm(first: state.weights.layout.trainedCount))
            } else {
                gate.skipped()
            }
            state.apply(change, recipe: recipe, steps: course.steps)
        }
        guard state.weights.weightsHash == step.after else {
            throw RunFailure(
                "step \(step.number) leads to other weights than it did before: this coordinator's arithmetic differs "
                    + "from that of its predecessor; run it on the same kind of processor")
        }
    }
}

extension FloatBuffer {
    /// The numbers' bytes, little-endian.
    package var bytes: [UInt8] {
        Array(UnsafeRawBufferPointer(start: pointer, count: count * MemoryLayout<Float>.size))
    }

    /// Nil unless these are the bytes of whole numbers.
    convenience init?(bytes: [UInt8]) {
        guard bytes.count % MemoryLayout<Float>.size == 0 else { return nil }
        self.init(count: bytes.count / MemoryLayout<Float>.size)
        UnsafeMutableRawBufferPointer(start: pointer, count: bytes.count).copyBytes(from: bytes)
    }
}
