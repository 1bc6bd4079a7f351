private import Glibc

/// The supervised contrastive loss: clips of one class are drawn together, all others pushed apart.
///
/// For anchor i with partners P: ℓ = −(T/T₀)·mean over p ∈ P of (s_ip − log Σ_{j≠i} exp s_ij), s_ij = z_i·z_j / T.
/// An anchor without a partner counts in the mean with zero. The pair of an anchor with itself takes no part, so that no
/// denominator can underflow.
///
/// Source: Khosla et al., "Supervised contrastive learning", NeurIPS 2020.
package struct Contrastive: Sendable, Hashable {
    package var temperature: Float = 0.02
    package var baseTemperature: Float = 0.07

    package init() {}

    /// Returns the loss and adds its gradient.
    ///
    /// **Shapes**: z, gradient [labels.count][size]; the rows of z have unit length.
    func loss(
        _ z: UnsafePointer<Float>, size: Int, labels: [Int], gradient: UnsafeMutablePointer<Float>
    ) -> Double {
        let count = labels.count
        let weight = temperature / baseTemperature
        var total = 0.0
        var similarities = [Float](repeating: 0, count: count)
        for anchor in 0..<count {
            let partners = labels.indices.count { $0 != anchor && labels[$0] == labels[anchor] }
            guard partners > 0 else { continue }
            let a = z + anchor * size
            for other in 0..<count {
                let b = z + other * size
                var dot: Float = 0
                for c in 0..<size { dot += a[c] * b[c] }
                similarities[other] = other == anchor ? -.infinity : dot / temperature
            }
            let rest = Logits.logSumExp(similarities)
            for other in 0..<count where other != anchor {
                let isPartner = labels[other] == labels[anchor]
                if isPartner { total -= Double(weight * (similarities[other] - rest)) / Double(partners) }
                let share = expf(similarities[other] - rest) - (isPartner ? 1 / Float(partners) : 0)
                let slope = weight * share / (Float(count) * temperature)
                let (b, ga, gb) = (z + other * size, gradient + anchor * size, gradient + other * size)
                for c in 0..<size {
                    ga[c] += slope * b[c]
                    gb[c] += slope * a[c]
                }
            }
        }
        return total / Double(max(count, 1))
    }
}
