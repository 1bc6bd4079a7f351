private import Glibc

/// The supervised contrastive loss: clips of one class are drawn together, all others pushed apart.
///
/// For anchor i with partners P: ℓ = −(T/T₀)·mean over p ∈ P of (s_ip − log Σ_{j≠i} exp s_ij), s_ij = z_i·z_j / T.
/// An anchor without a partner counts in the mean with zero. The pair of an anchor with itself takes no part, so that no
/// denominator can underflow.
///
/// Source: Khosla et al., "Supervised contrastive learning", NeurIPS 2020.
package struct Contrastive: Sendable, Hashable {
    package var temperature = 0.02
    package var baseTemperature = 0.07

    package init() {}

    /// The loss and its gradient.
    ///
    /// **Shapes**: z and the gradient [labels.count][size]; the rows of z have unit length.
    package func loss(_ z: Matrix, labels: [Int]) -> (loss: Double, gradient: Matrix) {
        precondition(z.rows == labels.count, "\(z.rows) embeddings with \(labels.count) labels")
        let count = labels.count
        let weight = temperature / baseTemperature
        let cosines = z.times(z.transposed)
        // dL/d(cosine of anchor and other), of which each of the two receives its share.
        var slopes = Matrix(rows: count, columns: count)
        var total = 0.0
        for anchor in 0..<count {
            let partners = labels.indices.count { $0 != anchor && labels[$0] == labels[anchor] }
            guard partners > 0 else { continue }
            var similarities = (0..<count).map { cosines[anchor, $0] / temperature }
            similarities[anchor] = -.infinity
            let rest = Logits.logSumExp(similarities)
            for other in 0..<count where other != anchor {
                let share = labels[other] == labels[anchor] ? 1 / Double(partners) : 0
                total -= weight * share * (similarities[other] - rest)
                slopes[anchor, other] =
                    weight * (exp(similarities[other] - rest) - share) / (Double(count) * temperature)
            }
        }
        slopes += slopes.transposed
        return (total / Double(max(count, 1)), slopes.times(z))
    }
}
