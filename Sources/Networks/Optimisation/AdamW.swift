private import Glibc
package import Tensors

/// Adam with decoupled weight decay on every trained parameter, norms and biases included.
///
/// w ← w·(1 − lr·decay) − lr·m̂ / (√v̂ + ε), with m and v the running means of the gradient and of its square, corrected for
/// their start at zero.
///
/// Source: Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019; PyTorch's defaults.
package struct AdamW: Sendable, Hashable {
    package var firstDecay = 0.9
    package var secondDecay = 0.999
    package var epsilon = 1e-8
    package var weightDecay = 0.01

    package init() {}

    /// The running means, one flat buffer each, and how many steps they have seen.
    package final class Moments {
        package let first: FloatBuffer
        package let second: FloatBuffer
        package var steps = 0

        package init(_ layout: ParameterLayout) {
            first = FloatBuffer(count: layout.trainedCount)
            second = FloatBuffer(count: layout.trainedCount)
        }

        /// As at the start.
        package func reset() {
            first.zero()
            second.zero()
            steps = 0
        }
    }

    /// One step on the trained part of the weights; the running statistics are left alone.
    ///
    /// - Parameter gradient: as long as the parameters; only its trained part is read.
    package func step(_ parameters: Parameters, gradient: FloatBuffer, moments: Moments, learningRate: Double) {
        precondition(gradient.count >= moments.first.count, "a gradient of \(gradient.count) floats")
        moments.steps += 1
        let firstCorrection = 1 - pow(firstDecay, Double(moments.steps))
        let secondCorrection = 1 - pow(secondDecay, Double(moments.steps))
        let shrink = Float(1 - learningRate * weightDecay)
        let rate = Float(learningRate / firstCorrection)
        let rootCorrection = Float(1 / secondCorrection.squareRoot())
        let (keepFirst, keepSecond) = (Float(firstDecay), Float(secondDecay))
        let (takeFirst, takeSecond) = (Float(1 - firstDecay), Float(1 - secondDecay))
        let small = Float(epsilon)
        let (w, g) = (parameters.buffer.pointer, gradient.pointer)
        let (m, v) = (moments.first.pointer, moments.second.pointer)
        for index in 0..<moments.first.count {
            m[index] = keepFirst * m[index] + takeFirst * g[index]
            v[index] = keepSecond * v[index] + takeSecond * g[index] * g[index]
            w[index] = w[index] * shrink - rate * m[index] / (v[index].squareRoot() * rootCorrection + small)
        }
    }
}

/// A learning rate that falls along half a cosine.
package struct CosineSchedule: Sendable, Hashable {
    package var start: Double
    package var end: Double
    /// How many units, steps or epochs, the fall takes.
    package var length: Int

    package init(start: Double, end: Double, length: Int) {
        self.start = start
        self.end = end
        self.length = length
    }

    /// The rate at unit 0, 1, 2, ...; beyond `length` it stays at the end.
    package func rate(_ unit: Int) -> Double {
        let progress = Double(min(unit, length)) / Double(max(length, 1))
        return end + (start - end) * (1 + cos(.pi * progress)) / 2
    }
}
