internal import Detection
internal import Networks
internal import Plant
internal import Tensors
internal import Wire

// From the best averaged weights to a model file: their own batch-norm statistics, then what their clips measure.

extension OSSCLTraining {
    /// Batches whose clips give the averaged weights their statistics.
    private static let statisticsBatches = 2

    /// The averaged weights never ran themselves: asks what moments the batch norms see under them.
    func refreshStatistics() {
        guard let course, let state else { return }
        let product = (state.best?.average ?? state.average).copy()
        self.product = product
        let task = course.task(product, feature: feature)
        var random = CounterRandom(recipe.seed, 0x57A7_1571_C500)
        let count = Self.statisticsBatches * recipe.batch / recipe.shard * recipe.shard
        let order = random.permutation(course.training.count)
        let chosen = (0..<count).map { order[$0 % order.count] }
        batch = TrainingBatch(entries: chosen.map { .init(clip: $0, partner: $0, share: 1) }, forward: [[]])
        ask(
            .statistics, step: course.steps, kind: ForwardShard.kind, weights: product,
            chosen.cut(into: recipe.shard).map { clips in
                ForwardShard(task: task, clips: clips.map { .init(ShardClip(course.training[$0])) }).encoded()
            })
    }

    func completeStatistics() {
        guard let course, let product, let entries = batch?.entries else { return }
        let layout = product.layout
        let outputs = shards.outputs.compactMap { $0?.features }
        var sum = TreeSum(count: outputs.count)
        for (index, output) in outputs.enumerated() { sum.add(FloatBuffer(output.statistics), at: index) }
        let labels = entries.map { course.labels[$0.clip] }
        let moments = FloatBuffer(count: layout.count)
        _ = Tail(course.architecture, clips: entries.count).step(
            product, features: outputs.flatMap(\.features),
            targets: .init(labels: labels, mixedLabels: labels, shares: labels.map { _ in 1 }), gradient: moments)
        if let total = sum.total {
            for index in 0..<total.count {
                moments.pointer[layout.trainedCount + index] += total.pointer[index] / Float(outputs.count)
            }
        }
        product.follow(statistics: moments, momentum: 1)
        batch = nil
        ask(
            .measurement, step: course.steps, kind: MeasureShard.kind, weights: product,
            measureShards(of: course.training + course.heldBack, product))
    }

    func measureShards(of clips: [DatasetClip], _ weights: Parameters) -> [[UInt8]] {
        guard let course else { return [] }
        let task = course.task(weights, feature: feature)
        return clips.cut(into: Self.lookingShard).map { clips in
            MeasureShard(task: task, machines: course.machines, clips: clips.map { ShardClip($0) }).encoded()
        }
    }

    package func finish() throws(RunFailure) -> RunResult {
        if let failure { throw failure }
        guard let course, let product, isComplete else {
            preconditionFailure("\(shards.missing) shards are outstanding")
        }
        var notices = course.notices
        var measurements: [MeasuredClip?] = []
        for (clip, outcome) in zip(course.training + course.heldBack, measured) {
            switch outcome {
            case .done(let measures):
                measurements.append(MeasuredClip(machine: clip.machine, measurement: measures.measurement))
            case .unusable(let reason):
                measurements.append(nil)
                notices.append(reason)
            }
        }
        do throws(ModelError) {
            let model = try NetworkModel(
                product, feature: feature, machines: course.machines, rule: recipe.rule
            ).calibrated(
                training: measurements.prefix(course.training.count).compactMap { $0 },
                heldBack: measurements.dropFirst(course.training.count).compactMap { $0 },
                falseAlarmRate: recipe.falseAlarmRate)
            let file = model.model.file
            return .model(
                TrainedModel(
                    kind: file.kind, machines: file.machines, feature: file.feature,
                    weightsHash: model.model.weightsHash, file: file.encoded(), notices: notices + model.notices))
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
