internal import Networks
internal import Plant
internal import Tensors
internal import Wire

/// The averaged weights never ran themselves: asks what moments the batch norms see under them.
struct StatisticsStage: TrainingStage {
    /// Batches whose clips give the averaged weights their statistics.
    private static let batches = 2

    let progress: TrainingProgress
    var shards: ShardList<ForwardShard.Output>
    private let product: Parameters
    private let weights: Provision
    private let batch: TrainingBatch
    private var suspicion = OutputSuspicion()

    init(_ progress: TrainingProgress) {
        let (course, recipe) = (progress.course, progress.course.recipe)
        self.progress = progress
        product = progress.state.product(recipe).copy()
        weights = Provision(product)
        var random = CounterRandom(recipe.seed, 0x57A7_1571_C500)
        let count = Self.batches * recipe.batch / recipe.shard * recipe.shard
        let order = random.permutation(course.training.count)
        let clips = (0..<count).map { order[$0 % order.count] }
        let starts = course.plan.starts(course.steps + 1, count)
        batch = course.set.batch(
            zip(clips, starts).map { BatchPlan.Entry(clip: $0, partner: $0, share: 1, start: $1) })
        let task = course.task(weights.hash)
        shards = ShardList(
            .statistics, step: course.steps, kind: ForwardShard.kind,
            batch.shards.map { ForwardShard(task: task, clips: $0).encoded() })
    }

    var provisions: [Provision] { [weights] }

    mutating func read(_ output: [UInt8], _ index: Int) throws(WireError) -> ForwardShard.Output {
        let features = try ForwardShard.Output(decoding: output, clips: batch.shards[index].count, of: product)
        if !features.isFinite { try suspicion.raise(output, of: index, "features that are not finite") }
        return features
    }

    /// The averaged weights with statistics of their own, which make the model.
    func finished() -> Parameters {
        let (layout, outputs) = (product.layout, shards.collected)
        var sum = TreeSum(count: outputs.count)
        for (index, output) in outputs.enumerated() { sum.add(FloatBuffer(output.statistics), at: index) }
        guard let total = sum.total else { preconditionFailure("a sum of \(outputs.count) is not complete") }
        let moments = FloatBuffer(count: layout.count)
        Tail(progress.course.architecture, clips: batch.clipCount).observe(
            product, features: outputs.flatMap(\.features), statistics: moments)
        for index in 0..<total.count {
            moments.pointer[layout.trainedCount + index] += total.pointer[index] / Float(outputs.count)
        }
        product.follow(statistics: moments, momentum: 1)
        return product
    }
}
