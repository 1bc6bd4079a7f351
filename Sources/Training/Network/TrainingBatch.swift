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
    /// Outputs that were refused once because they are not finite or too large.
    private var suspects: Set<Suspect> = []

    private struct Suspect: Hashable {
        let shard: Int
        let hash: ContentHash
    }

    init(entries: [BatchPlan.Entry], forward: [[UInt8]]) {
        self.entries = entries
        self.forward = forward
        sum = TreeSum(count: forward.count)
    }

    /// Refuses an output that is not fit for use, the first time.
    ///
    /// Once it may have been the worker's memory; the same again is what the clips make of these weights.
    mutating func suspect(_ output: [UInt8], of shard: Int, _ reason: String) throws(WireError) {
        let suspect = Suspect(shard: shard, hash: ContentHash(of: output))
        guard !suspects.insert(suspect).inserted else { throw WireError(.wrongOutput, reason) }
    }

    /// What the optimiser is given of a batch.
    ///
    /// - Parameters:
    ///   - sum: of the shards' gradients and, behind them, of their moments; it becomes the result.
    ///   - tail: the tail's gradient, and the moments of its batch norms.
    static func change(_ sum: FloatBuffer, tail: FloatBuffer, shards: Int, _ layout: ParameterLayout) -> FloatBuffer {
        let share = 1 / Float(shards)
        for index in layout.trainedCount..<layout.count { sum.pointer[index] *= share }
        sum.add(tail)
        return sum
    }
}
