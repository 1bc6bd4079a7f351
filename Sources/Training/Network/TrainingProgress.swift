internal import Plant
internal import Wire

/// A training past its survey: what was decided for all of it, and how far it is.
struct TrainingProgress {
    let course: TrainingCourse
    /// Shared by all copies: there is one training, and one thread owns it.
    let state: NetworkState

    init(_ course: TrainingCourse) {
        self.course = course
        state = NetworkState(course.architecture, course.recipe)
    }

    /// What a training does next.
    enum Next {
        case validation
        case unit(TrainingSchedule.Unit)
        /// All steps are done.
        case publishing
    }

    var next: Next {
        if isValidationDue { return .validation }
        return course.schedule.unit(after: state.step).map { .unit($0) } ?? .publishing
    }

    /// Whether the averaged weights are to be validated before the next step.
    var isValidationDue: Bool {
        guard state.step > state.validatedStep, !course.heldBack.isEmpty else { return false }
        return course.recipe.isValidated(
            after: course.schedule.start(ofUnitEndingAt: state.step), to: state.step, of: course.steps,
            clips: course.training.count)
    }

    /// The training cannot go on where so many steps in a row were refused.
    var divergence: RunFailure? {
        let skips = state.descent.gate.skips
        return skips < GradientGate.skipLimit ? nil : .diverged(steps: skips)
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
