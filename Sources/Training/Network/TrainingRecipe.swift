package import Detection
package import Networks

/// Everything that decides what a training of the network makes, besides its clips.
///
/// All that changes during the training is a function of the step's number, so that a step can be repeated anywhere.
package struct TrainingRecipe: Sendable, Hashable {
    /// How much is trained.
    package enum Length: Sendable, Hashable {
        case steps(Int)
        /// Passes over the training clips.
        case epochs(Int)
    }

    /// The network's channels and widths; classes and clip length follow from the clips.
    package var architecture: Architecture
    package var length: Length
    /// Clips per step, of each replica where there are some.
    package var batch = 64
    /// Clips per shard, which share the moments of the backbone's batch norms.
    package var shard = 8
    package var seed: UInt64 = 1
    /// At the first step; it falls along half a cosine to a tenth.
    package var learningRate = 1e-3
    /// Every class equally often, with two clips at a time; otherwise every clip equally often.
    package var isBalanced = false
    /// Mixes each clip with another one of its batch.
    package var mixes = true
    package var optimiser = Optimiser.adamW(AdamW())
    package var average = MovingAverage()
    /// Steps from one validation to the next; a tenth of all steps when nil.
    package var validationInterval: Int?
    /// The share of each machine's clips that is not trained on, but chooses the checkpoint and the thresholds.
    package var heldBackShare = 0.05
    /// Of the thresholds.
    package var falseAlarmRate = 0.05
    /// By which the finished model scores.
    package var rule = ScoreRule.logOdds
    /// How replicas are trained apart and averaged; nil where every step is taken together.
    package var replicas: ReplicaRecipe?

    package init(architecture: Architecture, length: Length) {
        self.architecture = architecture
        self.length = length
    }

    /// How many steps there are.
    package func steps(clips: Int) -> Int {
        switch length {
        case .steps(let steps): max(steps, 1)
        case .epochs(let epochs):
            max((epochs * clips + clipsPerStep - 1) / clipsPerStep, 1)
        }
    }

    private var clipsPerStep: Int { batch * (replicas?.replicas ?? 1) }

    /// - Parameter step: 1 for the first.
    package func learningRate(step: Int, of steps: Int) -> Double {
        CosineSchedule(start: learningRate, end: learningRate / 10, length: max(steps - 1, 1)).rate(step - 1)
    }

    /// Whether the averaged weights are validated when the training has come from one step to another.
    func isValidated(after start: Int, to step: Int, of steps: Int) -> Bool {
        let interval = validationInterval ?? max(steps / 10, 1)
        return step == steps || start / interval < step / interval
    }
}
