internal import Networks
internal import Plant
internal import Tensors
internal import Wire

/// One step's clips on their way through the two phases.
struct TrainingBatch {
    let entries: [BatchPlan.Entry]
    /// The encoded forward shards.
    let forward: [[UInt8]]
    /// Of the tail: its gradient, and the moments of its batch norms.
    var tail: FloatBuffer?
    var outcome: Tail.Outcome?
    /// Of the shards' gradients and moments.
    var sum: TreeSum
    /// By shard, the output that was refused for its size.
    var suspects: [Int: ContentHash] = [:]

    init(entries: [BatchPlan.Entry], forward: [[UInt8]]) {
        self.entries = entries
        self.forward = forward
        sum = TreeSum(count: forward.count)
    }
}
