internal import Networks
internal import Tensors

/// A training step past its turning point: the tail has been through the whole batch, and shard by shard the gradient of
/// the backbone comes back.
///
///     features of every shard → tail → gradient of the features → gradients of every shard, added in their order → change
struct TurnedStep {
    /// dL/dfeatures of each shard.
    let featureGradients: [[Float]]
    let loss: Double
    private let layout: ParameterLayout
    private let shards: Int
    /// The tail's gradient, and behind it the moments of its batch norms.
    private let tail: FloatBuffer
    /// Of the shards' gradients and moments.
    private var sum: TreeSum

    /// - Parameter features: of each shard, in order.
    init(_ batch: TrainingBatch, features: [[Float]], _ weights: Parameters, fixesNorms: Bool = false) {
        precondition(
            features.count == batch.shards.count, "features of \(features.count) shards of \(batch.shards.count)")
        layout = weights.layout
        shards = features.count
        tail = FloatBuffer(count: layout.count)
        let a = weights.architecture
        let outcome = Tail(a, clips: batch.clipCount).step(
            weights, features: features.flatMap { $0 }, targets: batch.targets, gradient: tail, fixesNorms: fixesNorms)
        loss = outcome.loss
        featureGradients = batch.shards.reduce(into: []) { gradients, clips in
            let start = gradients.reduce(0) { $0 + $1.count }
            gradients.append(Array(outcome.featureGradient[start..<start + clips.count * a.trunkChannels]))
        }
        sum = TreeSum(count: shards)
    }

    /// Takes in what one shard came back with.
    ///
    /// - Parameter change: its gradient, and behind it the moments of its batch norms; it must not be used any more.
    mutating func add(_ change: FloatBuffer, at shard: Int) { sum.add(change, at: shard) }

    /// What the optimiser is given: the gradient of the batch, and behind it the moments of its batch norms.
    ///
    /// Every shard must have been taken in; to be asked for once.
    func change() -> FloatBuffer {
        guard let total = sum.total else { preconditionFailure("the sum of \(shards) shards is not complete") }
        let share = 1 / Float(shards)
        for index in layout.trainedCount..<layout.count { total.pointer[index] *= share }
        total.add(tail)
        return total
    }
}
