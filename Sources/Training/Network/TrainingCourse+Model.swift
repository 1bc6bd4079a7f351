internal import Detection
internal import Networks
internal import Plant
internal import Wire

extension TrainingCourse {
    /// The model of finished weights.
    ///
    /// - Parameter measures: what they make of the training clips, then of those that were held back.
    func model(of product: Parameters, measures: [MeasureStage.Measures]) throws(RunFailure) -> TrainedModel {
        var leftOut = leftOut
        var measured: [MeasuredClip?] = []
        for (clip, outcome) in zip(training + heldBack, measures) {
            switch outcome {
            case .done(let measures):
                measured.append(MeasuredClip(machine: clip.machine, measurement: measures.measurement))
            case .unusable(let reason):
                measured.append(nil)
                leftOut.append(LeftOut(machine: clip.machine, clip: clip.path, reason: reason))
            }
        }
        do throws(ModelError) {
            var network = try NetworkModel(
                product, feature: feature, machines: machines, rule: recipe.rule, averagesWindows: clipExtent != nil)
            network.recipe = recipe.summary(steps: steps)
            let model = network.calibrated(
                training: measured.prefix(training.count).compactMap { $0 },
                heldBack: measured.dropFirst(training.count).compactMap { $0 },
                falseAlarmRate: recipe.falseAlarmRate)
            let file = model.model.file
            return TrainedModel(
                kind: file.kind, machines: file.machines, feature: file.feature,
                weightsHash: model.model.weightsHash, file: file.encoded(), leftOut: leftOut + model.leftOut)
        } catch {
            throw RunFailure("the trained network makes no model: \(error.reason)")
        }
    }
}

extension MeasureShard.Output.Measures {
    var measurement: Measurement {
        Measurement(
            logOdds: logOdds, centreDistance: centreDistance, embedding: embedding, timeStatistics: timeStatistics)
    }
}

extension TrainingRecipe {
    /// How a network was trained, for its model's file.
    fileprivate func summary(steps: Int) -> [String: String] {
        var summary = [
            "steps": "\(steps)", "batch": "\(batch)", "shard": "\(shard)", "seed": "\(seed)",
            "learningRate": "\(learningRate)", "average": average.description,
        ]
        if isPacedByEpoch { summary["pace"] = "epoch" }
        if isBalanced { summary["balanced"] = "true" }
        summary["meanFrom"] = average.meanFrom.map { "\($0)" }
        summary["teacher"] = teacher.map { "\($0.weight)" }
        summary["memory"] = memory.map { "\($0)" }
        summary["cropSeconds"] = cropSeconds.map { "\($0)" }
        summary["replicas"] = replicas.map { "\($0.replicas)" }
        return summary
    }
}
