internal import Networks
internal import Tensors

/// What takes weights along a gradient, from one step to the next: the gate before the optimiser, and its moments.
final class Descent {
    let moments: AdamW.Moments
    var gate = GradientGate()

    init(_ layout: ParameterLayout) { moments = AdamW.Moments(layout) }

    /// Another one like this.
    convenience init(_ other: Descent, _ layout: ParameterLayout) {
        self.init(layout)
        moments.first.copy(from: other.moments.first)
        moments.second.copy(from: other.moments.second)
        moments.steps = other.moments.steps
        gate = other.gate
    }

    /// One step of the weights and of their running statistics, unless the gate refuses the gradient.
    ///
    /// - Parameter change: the gradient, and behind it the moments of the batch.
    /// - Returns: whether the step was taken.
    func step(
        _ weights: Parameters, _ change: FloatBuffer, _ optimiser: Optimiser, learningRate: Double,
        fixesNorms: Bool = false
    ) -> Bool {
        let norm = change.norm(first: weights.layout.trainedCount)
        guard gate.passes(norm: norm) else {
            gate.skipped()
            return false
        }
        gate.passed(norm: norm)
        optimiser.step(weights, gradient: change, moments: moments, learningRate: learningRate)
        if !fixesNorms { weights.follow(statistics: change) }
        return true
    }
}
