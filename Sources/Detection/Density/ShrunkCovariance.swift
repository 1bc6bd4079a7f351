/// A covariance matrix drawn towards a multiple of the identity by just as much as the sample is too small for it.
///
/// Σ = (1 − s)·S + s·μ·I, S = ZᵀZ/n of centred rows Z, μ = trace(S)/d, s = min(β, δ)/δ,
/// δ = ‖S − μI‖²/d, β = (Σᵢ‖zᵢ‖⁴/n − ‖S‖²)/(n·d).
///
/// The sums run over clips in the order given and in double precision, so that equal clips give equal bits.
///
/// Source: Ledoit, Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", 2004;
/// scikit-learn `ledoit_wolf_shrinkage`.
package struct ShrunkCovariance {
    /// s, 0 where the sample needs no help and 1 where it says nothing.
    package let shrinkage: Double
    package private(set) var lower: LowerTriangle

    /// - Parameter rows: centred clips. **Shape** (count, dimension), count at least 2.
    package init(ofCentred rows: [Double], dimension: Int) {
        let count = rows.count / dimension
        precondition(count >= 2 && rows.count == count * dimension, "\(rows.count) values, rows of \(dimension)")
        let n = Double(count)
        let d = Double(dimension)
        var lower = LowerTriangle(dimension: dimension)
        rows.withUnsafeBufferPointer { rows in
            guard let first = rows.baseAddress else { return }
            for clip in 0..<count { lower.add(1 / n, outerProductOf: first + clip * dimension) }
        }
        let (trace, squares) = (lower.trace, lower.squares)
        let mean = trace / d
        let fourth = (0..<count).reduce(0.0) { sum, row in
            let length = rows[(row * dimension)..<((row + 1) * dimension)].reduce(0.0) { $0 + $1 * $1 }
            return sum + length * length
        }
        let delta = (squares - 2 * mean * trace + d * mean * mean) / d
        let beta = min((fourth / n - squares) / (n * d), delta)
        // Two clips leave nothing to estimate the shrinkage from; a touch of it keeps the matrix positive definite.
        shrinkage = delta > 0 ? max(beta / delta, 1e-6) : 1
        lower.shrink(by: shrinkage)
        self.lower = lower
    }

    /// W with WᵀW = Σ⁻¹, so that ‖Wz‖ is the Mahalanobis distance of z: the inverse of the Cholesky factor of Σ.
    ///
    /// Nil when Σ is not positive definite.
    package func whitening() -> LowerTriangle? { lower.cholesky()?.inverse() }
}

extension LowerTriangle {
    /// Draws the symmetric matrix towards (trace/dimension) · identity: (1 − share) of it, and share of that.
    mutating func shrink(by share: Double) {
        let mean = trace / Double(dimension)
        for index in values.indices { values[index] *= 1 - share }
        for row in 0..<dimension { values[row * (row + 3) / 2] += share * mean }
    }
}
