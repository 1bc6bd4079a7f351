private import Glibc

/// A low-pass filter as a function of continuous time: a sinc under a Kaiser window.
///
/// h(t) = c sinc(c t) I0(beta sqrt(1 - (t/w)^2)) / I0(beta), |t| < w, in units of one period of the lower rate. The pass
/// band ends at 0.95 of the lower Nyquist frequency and the stop band begins at that frequency itself, so that nothing
/// folds back, not even into the transition band.
///
/// Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", 1974: for an attenuation
/// of A dB, beta = 0.1102 (A - 8.7), and the width follows from (A - 7.95) / 14.36 over the transition band.
struct KaiserSinc {
    private static let attenuationDecibels = 106.0
    private static let passBand = 0.95

    /// Where the filter ends on both sides.
    let halfWidth: Double
    private let cutoff: Double
    private let beta: Double

    init() {
        beta = 0.1102 * (Self.attenuationDecibels - 8.7)
        cutoff = (1 + Self.passBand) / 2
        // The transition band, in cycles per period, is half of what is left of the Nyquist frequency.
        halfWidth = (Self.attenuationDecibels - 7.95) / 14.36 / ((1 - Self.passBand) / 2) / 2
    }

    func value(at time: Double) -> Double {
        let position = time / halfWidth
        guard abs(position) < 1 else { return 0 }
        let angle = Double.pi * cutoff * time
        let sinc = angle == 0 ? 1 : sin(angle) / angle
        return cutoff * sinc * Self.besselI0(beta * (1 - position * position).squareRoot()) / Self.besselI0(beta)
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
