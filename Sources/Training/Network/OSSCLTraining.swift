internal import Detection
internal import Networks
package import Plant
package import Spectra
package import Wire

/// The training of an OS-SCL network: workers compute shards of gradients, the coordinator folds them into steps.
///
///     survey → (forward → tail → backward → step, now and then validation)* → statistics → measurement → model
///
/// Where replicas are trained apart, a round of all of them takes the place of many steps.
///
/// The tail of the network, with the losses, compares every clip of a batch with every other: it runs here, over the
/// whole batch, between the two phases of a step. Outputs are added in the order of their shards, never in that of their
/// arrival: any number of workers makes the same bits.
package struct OSSCLTraining: ShardedRun {
    package static let kind = NetworkModel.kind

    private let recipe: TrainingRecipe
    private let feature: LogMelParameters
    /// All normal training clips, in fixed order.
    private let clips: [DatasetClip]
    private var stage: Stage
    private var milestones: [Milestone] = []

    /// - Parameters:
    ///   - clips: of the dataset, of any use.
    ///   - feature: how the dataset's log-mels were computed, or what to compute of recordings.
    package init(clips: [DatasetClip], feature: LogMelParameters, recipe: TrainingRecipe) {
        self.recipe = recipe
        self.feature = feature
        self.clips = clips.filter { $0.split == .train && !$0.isAnomaly }.inFixedOrder
        stage =
            self.clips.isEmpty
            ? .failed(RunFailure("the dataset has no normal training clip"), after: nil)
            : .survey(SurveyStage(self.clips, feature: feature, usesWave: recipe.architecture.usesWave))
    }

    package var outstanding: [ShardRequest] { stage.work?.outstanding ?? [] }
    package var provisions: [Provision] { stage.work?.provisions ?? [] }
    package var hasCheckpoint: Bool { stage.progress != nil }
    package var completedSteps: Int { stage.progress?.state.step ?? 0 }
    package var isComplete: Bool { stage.work == nil }

    package var progress: Double {
        switch stage {
        case .survey(let survey): 0.02 * survey.share
        case .forward, .backward, .round, .validation, .failed:
            stage.progress.map { 0.02 + 0.94 * Double($0.state.step) / Double($0.course.steps) } ?? 0
        case .statistics(let statistics): 0.96 + 0.02 * statistics.share
        case .measurement(let measurement, _): 0.98 + 0.02 * measurement.share
        case .complete: 1
        }
    }

    package mutating func takeMilestones() -> [Milestone] {
        defer { milestones = [] }
        return milestones
    }

    package mutating func fold(_ output: [UInt8], of place: ShardPlace) throws(WireError) -> Folding {
        let folding = try stage.fold(output, of: place)
        if let failure = stage.work?.failure {
            stage = .failed(failure, after: stage.progress)
        } else if folding == .counted, stage.work?.isFolded == true {
            advance()
        }
        return folding
    }

    package func finish() throws(RunFailure) -> RunResult {
        switch stage {
        case .failed(let failure, after: _): throw failure
        case .complete(let progress, let product, let measures):
            return .model(try progress.course.model(of: product, measures: measures))
        case .survey, .forward, .backward, .round, .validation, .statistics, .measurement:
            preconditionFailure("\(outstanding.count) shards are outstanding")
        }
    }
}

// MARK: From stage to stage

extension OSSCLTraining {
    /// The last shard of a stage was folded.
    private mutating func advance() {
        switch stage {
        case .survey(let survey): begin(survey)
        case .forward(let forward): stage = .backward(BackwardStage(forward))
        case .backward(let backward):
            milestones.append(.step(backward.take()))
            if let divergence = backward.progress.divergence {
                stage = .failed(divergence, after: backward.progress)
            } else {
                proceed(backward.progress)
            }
        case .round(let round):
            milestones.append(.step(round.take()))
            proceed(round.progress)
        case .validation(let validation):
            let (state, loss) = (validation.progress.state, validation.loss)
            state.validated(loss: loss)
            milestones.append(.validated(step: state.step, loss: loss))
            proceed(validation.progress)
        case .statistics(let statistics):
            let (progress, product) = (statistics.progress, statistics.finished())
            let (course, step) = (progress.course, progress.course.steps)
            let all = course.training + course.heldBack
            stage = .measurement(MeasureStage(.measurement, progress, all, product, step: step), of: product)
        case .measurement(let measurement, let product):
            stage = .complete(measurement.progress, product, measurement.measures)
        case .complete, .failed: preconditionFailure("a training that is over has no shards")
        }
    }

    private mutating func begin(_ survey: SurveyStage) {
        do throws(RunFailure) {
            let course = try TrainingCourse(clips, survey: survey.survey, feature: feature, recipe: recipe)
            milestones.append(.surveyed)
            proceed(TrainingProgress(course))
        } catch {
            stage = .failed(error, after: nil)
        }
    }

    /// What follows the survey, a step, or a validation.
    private mutating func proceed(_ progress: TrainingProgress) {
        stage =
            switch progress.next {
            case .validation:
                .validation(
                    MeasureStage(
                        .validation, progress, progress.course.heldBack, progress.state.average,
                        step: progress.state.step))
            case .unit(.step): .forward(ForwardStage(progress))
            case .unit(.round(let round)): .round(RoundStage(progress, round))
            case .publishing: .statistics(StatisticsStage(progress))
            }
    }
}

// MARK: Checkpoints

extension OSSCLTraining {
    /// All that the next step depends on; nil while the clips are still being looked at.
    package var checkpoint: [UInt8]? {
        stage.progress.map { $0.state.saved(survey: $0.course.survey).encoded() }
    }

    /// Goes on where another coordinator stopped.
    ///
    /// - Parameters:
    ///   - checkpoint: the newest.
    ///   - steps: those that were committed after it. The first whose change is not known, and all that follow, are
    ///     computed again.
    ///
    /// Throws where the checkpoint is not one of this run, or a step leads to other weights than were committed.
    package mutating func restore(_ checkpoint: [UInt8], steps: [CommittedStep]) throws(RunFailure) {
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
        let progress = TrainingProgress(
            try TrainingCourse(clips, survey: saved.survey.clips, feature: feature, recipe: recipe))
        guard progress.state.load(saved) else {
            throw RunFailure("the checkpoint of this run is of another network; start a new run")
        }
        try progress.replay(steps)
        proceed(progress)
    }
}
