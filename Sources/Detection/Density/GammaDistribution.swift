private import Glibc

/// The gamma distribution with a location: x = location + scale·g, g of density gᵃ⁻¹e⁻ᵍ/Γ(a), a = shape.
package struct GammaDistribution: Equatable {
    package var shape: Double
    package var location: Double
    package var scale: Double

    /// Matches mean, deviation and skewness: a = 4/skewness², scale = deviation/√a, location = mean − a·scale.
    ///
    /// A skewness below 0.1, which no gamma distribution of moderate shape has, is taken as 0.1: nearly a normal
    /// distribution.
    ///
    /// - Parameter values: at least one, finite.
    package init(momentsOf values: [Double]) {
        precondition(!values.isEmpty, "no values to fit")
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        let third = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) * ($1 - mean) } / count
        let deviation = variance.squareRoot()
        let skewness = deviation > 0 ? max(third / (variance * deviation), 0.1) : 0.1
        shape = 4 / (skewness * skewness)
        scale = deviation / shape.squareRoot()
        location = mean - shape * scale
    }

    /// The value below which a share of the distribution lies, found by bisection to the last bits.
    ///
    /// - Parameter share: above 0 and below 1.
    package func quantile(_ share: Double) -> Double {
        precondition(share > 0 && share < 1, "the share \(share) lies outside 0..<1")
        var low = 0.0
        var high = shape + 1
        while Self.lowerShare(shape: shape, of: high) < share { high *= 2 }
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if Self.lowerShare(shape: shape, of: middle) < share { low = middle } else { high = middle }
        }
        return location + scale * high
    }

    /// The regularised lower incomplete gamma function P(a, x) = ∫₀ˣ tᵃ⁻¹e⁻ᵗ dt / Γ(a).
    ///
    /// Below a + 1 by its power series, above by the continued fraction of 1 − P (modified Lentz method).
    ///
    /// Source: Abramowitz, Stegun, "Handbook of Mathematical Functions", 6.5.29 and 6.5.31.
    package static func lowerShare(shape a: Double, of x: Double) -> Double {
        guard x > 0 else { return 0 }
        let factor = exp(a * log(x) - x - lgamma(a))
        if x < a + 1 {
            var term = 1 / a
            var sum = term
            var n = a
            while term > sum * 1e-17 {
                n += 1
                term *= x / n
                sum += term
            }
            return factor * sum
        }
        let tiny = 1e-300
        var b = x + 1 - a
        var c = 1 / tiny
        var d = 1 / b
        var fraction = d
        for i in 1...10_000 {
            let numerator = Double(i) * (a - Double(i))
            b += 2
            d = 1 / nonZero(numerator * d + b, tiny)
            c = nonZero(b + numerator / c, tiny)
            fraction *= c * d
            if abs(c * d - 1) < 1e-16 { break }
        }
        return 1 - factor * fraction
    }

    private static func nonZero(_ value: Double, _ tiny: Double) -> Double { abs(value) < tiny ? tiny : value }
}
