/// What the parts of a training step take on one core, seconds.
package struct KernelTimes: Sendable, Hashable {
    /// A shard through the backbone, forth and back.
    package var shard: Double
    /// The rest of the network for the whole batch, with the losses.
    package var tail: Double
    /// Adding one shard's gradient, and the optimiser's step.
    package var sum: Double
    package var optimiser: Double

    package init(shard: Double, tail: Double, sum: Double, optimiser: Double) {
        (self.shard, self.tail, self.sum, self.optimiser) = (shard, tail, sum, optimiser)
    }
}
