private import Glibc

/// The window that trades the depth of a filter's stop band for the width of its transition band.
///
/// kaiser(x) = I0(beta sqrt(1 - x^2)) / I0(beta), |x| < 1.
///
/// Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", 1974.
struct KaiserWindow {
    private let attenuationDecibels: Double
    private let beta: Double

    /// - Parameter attenuationDecibels: how deep the stop band lies, above 50.
    init(attenuationDecibels: Double) {
        self.attenuationDecibels = attenuationDecibels
        beta = 0.1102 * (attenuationDecibels - 8.7)
    }

    /// The length in samples of a filter whose transition band is that wide, in cycles per sample.
    func length(transitionBand: Double) -> Double {
        (attenuationDecibels - 7.95) / (14.36 * transitionBand)
    }

    func value(at position: Double) -> Double {
        guard abs(position) < 1 else { return 0 }
        return Self.besselI0(beta * (1 - position * position).squareRoot()) / Self.besselI0(beta)
    }

    /// The modified Bessel function of order 0, by its power series.
    private static func besselI0(_ x: Double) -> Double {
        var term = 1.0
        var sum = 1.0
        var k = 1.0
        while term > sum * 1e-17 {
            term *= (x / (2 * k)) * (x / (2 * k))
            sum += term
            k += 1
        }
        return sum
    }
}
