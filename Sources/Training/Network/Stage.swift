internal import Networks
internal import Wire

extension OSSCLTraining {
    /// Where a training stands. Each case carries all that it needs.
    enum Stage {
        /// Can become `forward`, `round`, or `failed`.
        case survey(SurveyStage)
        /// Can become `backward`.
        case forward(ForwardStage)
        /// Can become `forward`, `round`, `validation`, `statistics`, or `failed`.
        case backward(BackwardStage)
        /// Can become `forward`, `round`, `validation`, `statistics`, or `failed`.
        case round(RoundStage)
        /// Can become `forward`, `round`, or `statistics`.
        case validation(MeasureStage)
        /// Can become `measurement`.
        case statistics(StatisticsStage)
        /// Can become `complete`.
        case measurement(MeasureStage, of: Parameters)
        /// Is the end: the model's weights, and what they make of the clips.
        case complete(TrainingProgress, Parameters, [MeasureStage.Measures])
        /// Is the end.
        case failed(RunFailure, after: TrainingProgress?)
    }
}

extension OSSCLTraining.Stage {
    /// What workers are asked for; nil at the end.
    var work: (any TrainingStage)? {
        switch self {
        case .survey(let stage): stage
        case .forward(let stage): stage
        case .backward(let stage): stage
        case .round(let stage): stage
        case .validation(let stage), .measurement(let stage, of: _): stage
        case .statistics(let stage): stage
        case .complete, .failed: nil
        }
    }

    /// Nil before the survey's end.
    var progress: TrainingProgress? {
        switch self {
        case .survey: nil
        case .forward(let stage): stage.progress
        case .backward(let stage): stage.progress
        case .round(let stage): stage.progress
        case .validation(let stage), .measurement(let stage, of: _): stage.progress
        case .statistics(let stage): stage.progress
        case .complete(let progress, _, _): progress
        case .failed(_, after: let progress): progress
        }
    }

    /// Takes an output in, as far as it is one of the outstanding shards'.
    mutating func fold(_ output: [UInt8], of place: ShardPlace) throws(WireError) -> Folding {
        switch self {
        case .survey(var stage):
            defer { self = .survey(stage) }
            return try stage.fold(output, of: place)
        case .forward(var stage):
            defer { self = .forward(stage) }
            return try stage.fold(output, of: place)
        case .backward(var stage):
            defer { self = .backward(stage) }
            return try stage.fold(output, of: place)
        case .round(var stage):
            defer { self = .round(stage) }
            return try stage.fold(output, of: place)
        case .validation(var stage):
            defer { self = .validation(stage) }
            return try stage.fold(output, of: place)
        case .statistics(var stage):
            defer { self = .statistics(stage) }
            return try stage.fold(output, of: place)
        case .measurement(var stage, of: let product):
            defer { self = .measurement(stage, of: product) }
            return try stage.fold(output, of: place)
        case .complete, .failed: return .passedOver
        }
    }
}
