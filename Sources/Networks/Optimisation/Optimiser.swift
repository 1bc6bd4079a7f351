package import Tensors

/// What turns a gradient into a step of the weights.
package enum Optimiser: Sendable, Hashable {
    case adamW(AdamW)
    /// w ← w − lr·g.
    case gradientDescent

    /// One step on the trained part of the weights; the running statistics are left alone.
    ///
    /// - Parameters:
    ///   - gradient: as long as the parameters; only its trained part is read.
    ///   - moments: used, and counted, by AdamW alone.
    package func step(
        _ parameters: Parameters, gradient: FloatBuffer, moments: AdamW.Moments, learningRate: Double
    ) {
        switch self {
        case .adamW(let adamW):
            adamW.step(parameters, gradient: gradient, moments: moments, learningRate: learningRate)
        case .gradientDescent:
            let rate = Float(learningRate)
            let (w, g) = (parameters.buffer.pointer, gradient.pointer)
            for index in 0..<parameters.layout.trainedCount { w[index] -= rate * g[index] }
        }
    }
}
