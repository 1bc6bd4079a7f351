package import Detection
package import Networks

/// Everything that decides what a training of the network makes, besides its clips.
///
/// All that changes during the training is a function of the step's number, so that a step can be repeated anywhere.
package struct TrainingRecipe: Sendable, Hashable {
    /// The averaged network as the teacher of the one that is trained.
    ///
    /// Source: Tarvainen, Valpola, "Mean teachers are better role models", NeurIPS 2017.
    package struct Teacher: Sendable, Hashable {
        /// Of the mean squared distance between both networks' scaled cosines.
        package var weight = 0.1
        /// The share of all steps over which the weight grows.
        package var rampShare = 0.3

        package init() {}

        func weight(step: Int, of steps: Int) -> Double {
            ConsistencyRamp(peak: weight, length: Int(rampShare * Double(steps))).weight(step)
        }
    }

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
    /// The learning rate and the validations go by passes over the clips, not by steps and tenths of the whole.
    package var isPacedByEpoch = false
    /// Every class equally often, with two clips at a time; otherwise every clip equally often.
    package var isBalanced = false
    /// Mixes each clip with another one of its batch.
    package var mixes = true
    package var optimiser = Optimiser.adamW(AdamW())
    package var average = MovingAverage()
    /// How much the distance to the averaged network's logits weighs; nil without a teacher.
    package var teacher: Teacher?
    /// Embeddings of the averaged network that are remembered of each class; nil where none are.
    package var memory: Int?
    /// How much of a clip the network hears at a time, seconds; nil for all of it, up to ten.
    package var cropSeconds: Double?
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

    /// The settings of the published code: 300 passes over the clips, a rate that falls from 1e-4 to 1e-5 pass by pass, the
    /// average without a warm-up that shrinks the live weights, and the best average by a validation after every pass.
    package static func published(_ architecture: Architecture) -> TrainingRecipe {
        var recipe = TrainingRecipe(architecture: architecture, length: .epochs(300))
        recipe.learningRate = 1e-4
        recipe.isPacedByEpoch = true
        recipe.average = MovingAverage(rule: .published)
        return recipe
    }

    /// How many steps there are.
    package func steps(clips: Int) -> Int {
        switch length {
        case .steps(let steps): max(steps, 1)
        case .epochs(let epochs): max((epochs * clips + clipsPerStep - 1) / clipsPerStep, 1)
        }
    }

    private var clipsPerStep: Int { batch * (replicas?.replicas ?? 1) }

    /// - Parameters:
    ///   - step: 1 for the first.
    ///   - clips: that are trained on.
    package func learningRate(step: Int, of steps: Int, clips: Int) -> Double {
        guard isPacedByEpoch else {
            return CosineSchedule(start: learningRate, end: learningRate / 10, length: max(steps - 1, 1)).rate(step - 1)
        }
        let epochs = (steps * clipsPerStep + clips - 1) / clips
        return CosineSchedule(start: learningRate, end: learningRate / 10, length: epochs)
            .rate((step - 1) * clipsPerStep / clips)
    }

    /// Whether the averaged weights are validated when the training has come from one step to another.
    func isValidated(after start: Int, to step: Int, of steps: Int, clips: Int) -> Bool {
        let epoch = (clips + clipsPerStep - 1) / clipsPerStep
        let interval = validationInterval ?? max(isPacedByEpoch ? epoch : steps / 10, 1)
        return step == steps || start / interval < step / interval
    }

    /// Whether the averaged network hears every batch too.
    var isTaught: Bool { teacher != nil || memory != nil }
}
