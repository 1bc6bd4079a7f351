package import Tensors

/// The exponential moving average of the weights and running statistics, which is the network that hears.
package struct MovingAverage: Sendable, Hashable {
    package enum Rule: Sendable, Hashable {
        /// min(decay, (1 + t) / (10 + t)) at step t: short runs forget their start.
        case warmUp
        /// The published code's: the decay from the first step on, after which the live weights are multiplied by
        /// 1 − 2·10⁻⁶, and the live statistics with them.
        case published
    }

    package var decay = 0.9999
    package var rule = Rule.warmUp

    package init(decay: Double = 0.9999, rule: Rule = .warmUp) {
        self.decay = decay
        self.rule = rule
    }

    private static let publishedShrink: Float = 1 - 2e-6

    /// - Parameter step: 0 after the first optimiser step.
    package func update(_ average: Parameters, with live: Parameters, step: Int) {
        update(average, with: live, steps: step..<step + 1)
    }

    /// As much of the live weights as all these steps would take of them.
    package func update(_ average: Parameters, with live: Parameters, steps: Range<Int>) {
        let kept = steps.reduce(1.0) { kept, step in
            kept * (rule == .published ? decay : min(decay, Double(1 + step) / Double(10 + step)))
        }
        let taken = Float(1 - kept)
        let (a, w) = (average.buffer.pointer, live.buffer.pointer)
        for index in 0..<live.layout.count { a[index] -= taken * (a[index] - w[index]) }
        guard rule == .published else { return }
        let shrink = steps.reduce(Float(1)) { shrink, _ in shrink * Self.publishedShrink }
        for index in 0..<live.layout.count { w[index] *= shrink }
    }
}

/// The plain mean of several versions of the weights (SWA).
///
/// Its running statistics are the mean of theirs too, but belong to none of them: compute them anew with a
/// `StatisticsMean` before use.
package final class WeightMean {
    package let mean: Parameters
    package private(set) var versions = 0

    package init(_ architecture: Architecture) { mean = Parameters(architecture) }

    package func add(_ parameters: Parameters) {
        versions += 1
        let share = 1 / Float(versions)
        let (a, w) = (mean.buffer.pointer, parameters.buffer.pointer)
        for index in 0..<parameters.layout.count { a[index] += share * (w[index] - a[index]) }
    }
}

/// Running statistics computed anew: the plain mean of the moments of many batches, under weights that stand still.
///
/// Source: Izmailov et al., "Averaging weights leads to wider optima", UAI 2018; PyTorch's `update_bn`.
package struct StatisticsMean: Sendable {
    private var sums: [Double]
    private let range: Range<Int>
    package private(set) var batches = 0

    package init(_ layout: ParameterLayout) {
        range = layout.trainedCount..<layout.count
        sums = [Double](repeating: 0, count: range.count)
    }

    /// - Parameter statistics: as long as the parameters; the moments that `Backbone.forward` and `Tail.observe` wrote.
    package mutating func add(statistics: FloatBuffer) {
        precondition(statistics.count >= range.upperBound, "statistics of \(statistics.count) floats")
        batches += 1
        for index in sums.indices { sums[index] += Double(statistics.pointer[range.lowerBound + index]) }
    }

    /// Replaces the running statistics; at least one batch must have been added.
    package func write(to parameters: Parameters) {
        precondition(batches > 0, "running statistics of no batch")
        for index in sums.indices {
            parameters.buffer.pointer[range.lowerBound + index] = Float(sums[index] / Double(batches))
        }
    }
}

extension Parameters {
    /// Moves the running statistics a tenth of the way to a batch's moments.
    package func follow(statistics: FloatBuffer, momentum: Float = 0.1) {
        for index in layout.trainedCount..<layout.count {
            buffer.pointer[index] += momentum * (statistics.pointer[index] - buffer.pointer[index])
        }
    }
}
