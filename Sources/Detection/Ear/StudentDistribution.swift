private import Glibc

/// Student's t distribution.
package struct StudentDistribution: Equatable {
    /// Above 0.
    package var degrees: Double

    package init(degrees: Double) {
        precondition(degrees > 0, "\(degrees) degrees of freedom")
        self.degrees = degrees
    }

    /// The value above which a share of the distribution lies, found by bisection to the last bits.
    ///
    /// - Parameter share: above 0 and below 1.
    package func upperQuantile(_ share: Double) -> Double {
        precondition(share > 0 && share < 1, "the share \(share) lies outside 0..<1")
        if share > 0.5 { return -upperQuantile(1 - share) }
        var low = 0.0
        var high = 1.0
        while upperShare(of: high) > share { high *= 2 }
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if upperShare(of: middle) > share { low = middle } else { high = middle }
        }
        return high
    }

    /// The share above a value t ≥ 0: half the incomplete beta function I(ν/(ν + t²); ν/2, 1/2).
    func upperShare(of t: Double) -> Double {
        0.5 * Self.incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5)
    }

    /// The regularised incomplete beta function I(x; a, b), by its continued fraction (modified Lentz method).
    ///
    /// Source: Abramowitz, Stegun, "Handbook of Mathematical Functions", 26.5.8.
    static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        guard x <= (a + 1) / (a + b + 2) else { return 1 - incompleteBeta(1 - x, b, a) }
        let factor = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
        var c = 1.0
        var d = 1 / (1 - (a + b) * x / (a + 1))
        var fraction = d
        for step in 1...10_000 {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / (1 + even * d)
            c = 1 + even / c
            fraction *= c * d
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / (1 + odd * d)
            c = 1 + odd / c
            fraction *= c * d
            if abs(c * d - 1) < 1e-16 { break }
        }
        return factor * fraction
    }
}
