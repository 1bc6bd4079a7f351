package import Plant

/// One step of a training run, committed before the next one is announced.
package struct StepRecord: Hashable, Sendable {
    /// 1 for the first.
    package var step: Int
    /// Nil for models that are fitted without one.
    package var loss: Double?
    package var learningRate: Double?
    /// Of the weights after the step.
    package var weightsHash: ContentHash
    package var clipsPerSecond: Double
    /// Of the weights before it; nil for models that are not trained in steps.
    package var hashBefore: ContentHash?
    /// Of the averaged weights after it, where they were validated.
    package var validationLoss: Double?
    /// Its gradient was not used.
    package var isSkipped: Bool

    package init(
        step: Int, loss: Double?, learningRate: Double?, weightsHash: ContentHash, clipsPerSecond: Double,
        hashBefore: ContentHash? = nil, validationLoss: Double? = nil, isSkipped: Bool = false
    ) {
        self.step = step
        self.loss = loss
        self.learningRate = learningRate
        self.weightsHash = weightsHash
        self.clipsPerSecond = clipsPerSecond
        self.hashBefore = hashBefore
        self.validationLoss = validationLoss
        self.isSkipped = isSkipped
    }
}

/// The full state of a training after a step.
package struct CheckpointRecord: Hashable, Sendable {
    package var step: Int
    package var state: [UInt8]

    package init(step: Int, state: [UInt8]) {
        self.step = step
        self.state = state
    }
}

/// One shard as it was counted in a step: exactly once per (run, step, phase, shard).
package struct ShardRecord: Hashable, Sendable {
    package var step: Int
    package var phase: Int
    package var shard: Int
    /// Of the shard's output.
    package var outputHash: ContentHash
    package var worker: String
    package var computeMilliseconds: Double

    package init(
        step: Int, phase: Int, shard: Int, outputHash: ContentHash, worker: String, computeMilliseconds: Double
    ) {
        self.step = step
        self.phase = phase
        self.shard = shard
        self.outputHash = outputHash
        self.worker = worker
        self.computeMilliseconds = computeMilliseconds
    }
}
