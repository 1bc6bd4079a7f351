private import Glibc

/// How much the distance to the averaged network's logits weighs in the loss: it grows from almost nothing to its full weight.
///
/// weight(step) = peak · exp(−5·(1 − step/length)²)
///
/// Source: Tarvainen, Valpola, "Mean teachers are better role models", NeurIPS 2017.
package struct ConsistencyRamp: Sendable, Hashable {
    /// The full weight; at 0 there is no teacher.
    package var peak: Double
    /// Steps until the full weight is reached.
    package var length: Int

    package init(peak: Double = 0, length: Int = 1000) {
        self.peak = peak
        self.length = length
    }

    package func weight(_ step: Int) -> Double {
        let missing = step < length ? 1 - Double(step) / Double(length) : 0
        return peak * exp(-5 * missing * missing)
    }
}
