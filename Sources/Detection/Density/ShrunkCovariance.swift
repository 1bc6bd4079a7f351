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
    package let dimension: Int
    /// s, 0 where the sample needs no help and 1 where it says nothing.
    package let shrinkage: Double
    /// Row-major lower triangle in a full square; what lies above the diagonal is zero.
    /// **Shape** (dimension, dimension).
    package private(set) var lower: [Double]

    /// - Parameter rows: centred clips. **Shape** (count, dimension), count at least 2.
    package init(ofCentred rows: [Double], dimension: Int) {
        let count = rows.count / dimension
        precondition(count >= 2 && rows.count == count * dimension, "\(rows.count) values, rows of \(dimension)")
        self.dimension = dimension
        lower = Self.secondMoments(rows, count: count, dimension: dimension)
        let n = Double(count)
        let d = Double(dimension)
        let (trace, squares) = Self.traceAndSquares(lower, dimension: dimension)
        let mean = trace / d
        let fourth = (0..<count).reduce(0.0) { sum, row in
            let length = rows[(row * dimension)..<((row + 1) * dimension)].reduce(0.0) { $0 + $1 * $1 }
            return sum + length * length
        }
        let delta = (squares - 2 * mean * trace + d * mean * mean) / d
        let beta = min((fourth / n - squares) / (n * d), delta)
        // Two clips leave nothing to estimate the shrinkage from; a touch of it keeps the matrix positive definite.
        shrinkage = delta > 0 ? max(beta / delta, 1e-6) : 1
        for index in lower.indices { lower[index] *= 1 - shrinkage }
        for row in 0..<dimension { lower[row * dimension + row] += shrinkage * mean }
    }

    /// The lower triangle of ZᵀZ/n.
    private static func secondMoments(_ rows: [Double], count: Int, dimension: Int) -> [Double] {
        var moments = [Double](repeating: 0, count: dimension * dimension)
        moments.withUnsafeMutableBufferPointer { moments in
            rows.withUnsafeBufferPointer { rows in
                for clip in 0..<count {
                    let first = clip * dimension
                    for i in 0..<dimension {
                        let factor = rows[first + i] / Double(count)
                        let target = i * dimension
                        for j in 0...i { moments[target + j] += factor * rows[first + j] }
                    }
                }
            }
        }
        return moments
    }

    /// The trace and the squared Frobenius norm of the symmetric matrix whose lower triangle is given.
    private static func traceAndSquares(_ lower: [Double], dimension: Int) -> (trace: Double, squares: Double) {
        var trace = 0.0
        var squares = 0.0
        for i in 0..<dimension {
            let diagonal = lower[i * dimension + i]
            trace += diagonal
            squares += diagonal * diagonal
            for j in 0..<i { squares += 2 * lower[i * dimension + j] * lower[i * dimension + j] }
        }
        return (trace, squares)
    }
}

extension ShrunkCovariance {
    /// W with WᵀW = Σ⁻¹, so that ‖Wz‖ is the Mahalanobis distance of z: the inverse of the Cholesky factor of Σ.
    ///
    /// **Shape** (dimension, dimension), row-major, zero above the diagonal. Nil when Σ is not positive definite.
    package func whitening() -> [Double]? {
        var factor = lower
        let d = dimension
        let isPositive = factor.withUnsafeMutableBufferPointer { factor in
            for i in 0..<d {
                for j in 0...i {
                    var sum = factor[i * d + j]
                    for k in 0..<j { sum -= factor[i * d + k] * factor[j * d + k] }
                    if i == j {
                        guard sum > 0, sum.isFinite else { return false }
                        factor[i * d + i] = sum.squareRoot()
                    } else {
                        factor[i * d + j] = sum / factor[j * d + j]
                    }
                }
            }
            return true
        }
        return isPositive ? Self.inverse(ofLowerTriangle: factor, dimension: d) : nil
    }

    private static func inverse(ofLowerTriangle factor: [Double], dimension d: Int) -> [Double] {
        var inverse = [Double](repeating: 0, count: d * d)
        inverse.withUnsafeMutableBufferPointer { inverse in
            factor.withUnsafeBufferPointer { factor in
                for i in 0..<d {
                    let pivot = 1 / factor[i * d + i]
                    // Row i of the inverse is −pivot · (row i of the factor) · (the rows found so far), and pivot itself.
                    for k in 0..<i {
                        let weight = -pivot * factor[i * d + k]
                        for j in 0...k { inverse[i * d + j] += weight * inverse[k * d + j] }
                    }
                    inverse[i * d + i] = pivot
                }
            }
        }
        return inverse
    }
}
