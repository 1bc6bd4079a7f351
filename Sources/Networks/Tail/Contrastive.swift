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
    /// - Parameter memory: further clips, which are partners and others like those of the batch, but no anchors.
    ///
    /// **Shapes**: z and the gradient [labels.count][size]; the rows of z have unit length.
    package func loss(_ z: Matrix, labels: [Int], memory: EmbeddingMemory? = nil) -> (loss: Double, gradient: Matrix) {
        precondition(z.rows == labels.count, "\(z.rows) embeddings with \(labels.count) labels")
        let count = labels.count
        let weight = temperature / baseTemperature
        let kept = memory?.matrix(columns: z.columns) ?? Matrix(rows: 0, columns: z.columns)
        let all = labels + (memory?.labels ?? [])
        let (own, further) = (z.times(z.transposed), z.times(kept.transposed))
        // dL/d(cosine of anchor and other), of which each of the two receives its share; what is remembered stands still.
        var slopes = Matrix(rows: count, columns: count)
        var pulls = Matrix(rows: count, columns: kept.rows)
        var total = 0.0
        for anchor in 0..<count {
            let partners = all.indices.count { $0 != anchor && all[$0] == labels[anchor] }
            guard partners > 0 else { continue }
            var similarities = all.indices.map { other in
                (other < count ? own[anchor, other] : further[anchor, other - count]) / temperature
            }
            similarities[anchor] = -.infinity
            let rest = Logits.logSumExp(similarities)
            for other in all.indices where other != anchor {
                let share = all[other] == labels[anchor] ? 1 / Double(partners) : 0
                total -= weight * share * (similarities[other] - rest)
                let slope = weight * (exp(similarities[other] - rest) - share) / (Double(count) * temperature)
                if other < count { slopes[anchor, other] = slope } else { pulls[anchor, other - count] = slope }
            }
        }
        slopes += slopes.transposed
        var gradient = slopes.times(z)
        if kept.rows > 0 { gradient += pulls.times(kept) }
        return (total / Double(max(count, 1)), gradient)
    }
}
