internal import Detection
internal import Networks
package import Plant
package import Spectra
internal import Tensors
package import Wire

/// The training of an OS-SCL network: workers compute shards of gradients, the coordinator folds them into steps.
///
/// Stages, each of which ends when its last shard is folded:
///
///     survey → (forward → tail → backward → step, now and then validation)* → statistics → measurement → model
///
/// Where replicas are trained apart, a round of all of them takes the place of many steps.
///
/// The tail of the network, with the losses, compares every clip of a batch with every other: it runs here, over the
/// whole batch, between the two phases of a step. Outputs are added in the order of their shards, never in that of their
/// arrival: any number of workers makes the same bits.
package final class OSSCLTraining: ShardedRun {
    package static let kind = NetworkModel.kind

    /// The phases of shards, by which the ledger knows them.
    enum Phase: UInt32 {
        case survey = 0, forward, backward, validation, statistics, measurement, round
    }

    /// Clips per shard where nothing but speed depends on it.
    static let lookingShard = 16

    enum Output {
        case surveyed([ClipOutcome<SurveyShard.Output.Extent>])
        case features(ForwardShard.Output)
        /// It went into the sum.
        case added
        /// A replica's weights at the end of its round.
        case replica(FloatBuffer, loss: Double)
        case measured([ClipOutcome<MeasureShard.Output.Measures>])
    }

    let recipe: TrainingRecipe
    let feature: LogMelParameters
    /// All normal training clips, in fixed order.
    let clips: [DatasetClip]

    var phase = Phase.survey
    var shards: ShardList<Output>
    /// What was found of all clips.
    var survey: [ClipOutcome<SurveyShard.Output.Extent>]?
    var course: TrainingCourse?
    var state: NetworkState?
    var gate = GradientGate()
    /// The batch of the present step and what its tail said.
    var batch: TrainingBatch?
    /// What workers have to know of all rounds.
    var roundCourse: Provision?
    /// By replica, the output that was refused because it diverged.
    var suspects: [Int: ContentHash] = [:]
    /// The weights that the outstanding shards ask for, and their hash.
    var weightsInUse: (weights: Parameters, hash: ContentHash)?
    /// What the finished model is made of, from the statistics on.
    var product: Parameters?
    var measured: [ClipOutcome<MeasureShard.Output.Measures>] = []
    var failure: RunFailure?
    var milestones: [Milestone] = []

    /// - Parameters:
    ///   - clips: of the dataset, of any use.
    ///   - feature: how the dataset's log-mels were computed, or what to compute of recordings.
    package init(clips: [DatasetClip], feature: LogMelParameters, recipe: TrainingRecipe) {
        self.recipe = recipe
        self.feature = feature
        self.clips = clips.filter { $0.split == .train && !$0.isAnomaly }.inFixedOrder
        shards = ShardList([])
        beginSurvey()
    }

    package var outstanding: [ShardRequest] { failure == nil ? shards.outstanding : [] }
    package var isComplete: Bool { failure != nil || (phase == .measurement && shards.isComplete) }

    package var progress: Double {
        guard let course, let state else { return 0.02 * shards.progress }
        if phase == .statistics || phase == .measurement { return 0.96 + 0.04 * shards.progress }
        return 0.02 + 0.94 * Double(state.step) / Double(course.steps)
    }

    package var hasCheckpoint: Bool { state != nil }
    package var completedSteps: Int { state?.step ?? 0 }

    package var provisions: [Provision] {
        if phase == .round, let roundCourse { return state?.rounds?.provisions(course: roundCourse) ?? [] }
        return weightsInUse.map { inUse in [Provision(hash: inUse.hash) { inUse.weights.bytes }] } ?? []
    }

    package func takeMilestones() -> [Milestone] {
        defer { milestones = [] }
        return milestones
    }

    package func fold(_ output: [UInt8], of place: ShardPlace) throws(WireError) -> Folding {
        let folding = try shards.fold(of: place) { index throws(WireError) in try read(output, index) }
        if folding == .counted, shards.isComplete { advance() }
        return folding
    }

    /// Reads the output of a shard of the present phase.
    private func read(_ output: [UInt8], _ index: Int) throws(WireError) -> Output {
        switch phase {
        case .survey: .surveyed(try surveyed(output, index))
        case .forward, .statistics: .features(try features(output, index))
        case .backward: try add(output, index)
        case .round: try replica(output, index)
        case .validation, .measurement: .measured(try measured(output, index))
        }
    }

    /// The last shard of a phase was folded.
    private func advance() {
        switch phase {
        case .survey: beginCourse()
        case .forward: runTail()
        case .backward: completeStep()
        case .round: completeRound()
        case .validation: completeValidation()
        case .statistics: completeStatistics()
        case .measurement: measured = shards.outputs.flatMap { $0?.measures ?? [] }
        }
    }
}

extension OSSCLTraining.Output {
    var surveyed: [ClipOutcome<SurveyShard.Output.Extent>] {
        if case .surveyed(let clips) = self { clips } else { [] }
    }
    var features: ForwardShard.Output? { if case .features(let output) = self { output } else { nil } }
    var replica: (weights: FloatBuffer, loss: Double)? {
        if case .replica(let weights, let loss) = self { (weights, loss) } else { nil }
    }
    var measures: [ClipOutcome<MeasureShard.Output.Measures>] {
        if case .measured(let clips) = self { clips } else { [] }
    }
}

extension OSSCLTraining {
    /// Asks for a new phase.
    ///
    /// - Parameters:
    ///   - weights: that the shards will fetch.
    ///   - specifications: one per shard.
    ///   - follows: whose shards left with their workers what these need.
    func ask(
        _ phase: Phase, step: Int, kind: String, weights: Parameters?, _ specifications: [[UInt8]],
        follows: (phase: Phase, step: Int)? = nil
    ) {
        self.phase = phase
        weightsInUse = weights.map { ($0, $0.weightsHash) }
        shards = ShardList(
            specifications.enumerated().map { index, specification in
                ShardRequest(
                    place: ShardPlace(step: UInt32(step), phase: phase.rawValue, shard: UInt32(index)), kind: kind,
                    specification: specification,
                    follows: follows.map {
                        ShardPlace(step: UInt32($0.step), phase: $0.phase.rawValue, shard: UInt32(index))
                    })
            })
    }

    private func beginSurvey() {
        let usesWave = recipe.architecture.usesWave
        ask(
            .survey, step: 0, kind: SurveyShard.kind, weights: nil,
            clips.cut(into: Self.lookingShard).map { clips in
                SurveyShard(feature: feature.record, usesWave: usesWave, clips: clips.map { ShardClip($0) }).encoded()
            })
        if clips.isEmpty { failure = RunFailure("the dataset has no normal training clip") }
    }

    private func beginCourse() {
        let survey = shards.outputs.flatMap { $0?.surveyed ?? [] }
        do throws(RunFailure) {
            let course = try TrainingCourse(clips, survey: survey, feature: feature, recipe: recipe)
            self.survey = survey
            self.course = course
            state = NetworkState(course.architecture, seed: recipe.seed)
            milestones.append(.surveyed)
            afterStep()
        } catch {
            failure = error
        }
    }
}
