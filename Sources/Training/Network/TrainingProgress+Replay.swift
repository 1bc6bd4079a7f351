internal import Networks
internal import Tensors

// How a training catches up with the steps that were committed after its checkpoint.

extension TrainingProgress {
    /// Takes committed steps again, up to the first whose change is not known; where a step leaves more than its change
    /// behind, which is embeddings, all are to be computed again.
    ///
    /// Throws where one leads to other weights than it did before.
    func replay(_ steps: [CommittedStep]) throws(RunFailure) {
        let losses = Dictionary(steps.map { ($0.number, $0.validationLoss) }, uniquingKeysWith: { first, _ in first })
        func recallValidation() {
            guard isValidationDue, let loss = losses[state.step] ?? nil else { return }
            state.validated(loss: loss)
        }
        for step in steps where step.number == course.schedule.unit(after: state.step)?.end {
            recallValidation()
            guard !isValidationDue, step.isSkipped || (step.change != nil && state.memory == nil) else { break }
            try replay(step)
        }
        recallValidation()
    }

    private func replay(_ step: CommittedStep) throws(RunFailure) {
        if let bytes = step.change, !step.isSkipped {
            guard let change = FloatBuffer(bytes: bytes), change.count == state.weights.layout.count else {
                throw RunFailure("the journal's step \(step.number) is of another network; delete the journal")
            }
            if case .round(let round)? = course.schedule.unit(after: state.step) {
                _ = state.begin(round)
                state.finish(round, mean: change, course)
            } else {
                _ = state.step(change, course)
            }
        } else {
            state.skip()
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
