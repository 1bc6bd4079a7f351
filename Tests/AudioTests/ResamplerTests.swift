import Audio
import Foundation
import Testing

/// The filter measured from outside, with tones: flat, free of aliases and images, and in time.
@Suite struct ResamplerTests {
    private static let rates = [51_200, 25_600, 17_067, 44_100, 48_000, 96_000, 22_050, 8_000]
    private let target = 16_000

    private func exactHz(_ rate: Int) -> Double { rate == 17_067 ? 51_200.0 / 3 : Double(rate) }

    /// One tone at `frequency`, resampled; the middle, where the ends of the clip are not heard, with its first index.
    private func middle(of frequency: Double, from rate: Int) throws -> (samples: ArraySlice<Float>, first: Int) {
        let resampler = try #require(Resampler(fromHz: rate, toHz: target))
        let input = (0..<rate / 4).map { Float(sin(2 * Double.pi * frequency * Double($0) / exactHz(rate))) }
        let output = resampler.resample(input)
        #expect(output.count == resampler.outputCount(for: input.count))
        return (output[(output.count / 4)..<(output.count * 3 / 4)], output.count / 4)
    }

    /// In-phase and quadrature amplitude of a tone within `samples`, by least squares, and the level of what remains.
    private func fit(_ samples: ArraySlice<Float>, frequency: Double) -> (sine: Double, cosine: Double, rest: Double) {
        var (ss, sc, cc, ys, yc) = (0.0, 0.0, 0.0, 0.0, 0.0)
        let angle = 2 * Double.pi * frequency / Double(target)
        for (index, sample) in zip(samples.indices, samples) {
            let (s, c) = (sin(angle * Double(index)), cos(angle * Double(index)))
            (ss, sc, cc) = (ss + s * s, sc + s * c, cc + c * c)
            (ys, yc) = (ys + Double(sample) * s, yc + Double(sample) * c)
        }
        let determinant = ss * cc - sc * sc
        let (sine, cosine) = ((ys * cc - yc * sc) / determinant, (yc * ss - ys * sc) / determinant)
        let rest = zip(samples.indices, samples).reduce(0.0) { sum, item in
            let phase = angle * Double(item.0)
            let difference = Double(item.1) - sine * sin(phase) - cosine * cos(phase)
            return sum + difference * difference
        }
        return (sine, cosine, (rest / Double(samples.count)).squareRoot())
    }

    @Test(arguments: rates) func thePassBandIsFlatAndInPhase(rate: Int) throws {
        let nyquist = min(exactHz(rate), Double(target)) / 2
        for fraction in [0.013, 0.21, 0.5, 0.83, 0.9, 0.95] {
            let tone = try middle(of: fraction * nyquist, from: rate)
            let found = fit(tone.samples, frequency: fraction * nyquist)
            #expect(abs(20 * log10(found.sine)) < 0.1, "\(rate) Hz, \(fraction) of Nyquist")
            #expect(abs(found.cosine) < 1e-5, "\(rate) Hz, \(fraction) of Nyquist: out of phase")
            // A sine has the level 0.707: images and rounding stay 100 dB below.
            #expect(20 * log10(found.rest / 0.5.squareRoot()) < -100, "\(rate) Hz, \(fraction) of Nyquist: images")
        }
    }

    @Test(arguments: rates.filter { $0 > 16_000 }) func nothingFoldsBack(rate: Int) throws {
        let (low, high) = (Double(target) / 2, exactHz(rate) / 2)
        for fraction in [0.0, 0.003, 0.03, 0.1, 0.4, 0.9] {
            let tone = try middle(of: low + fraction * (high - low), from: rate).samples
            let level = (tone.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(tone.count)).squareRoot()
            #expect(
                20 * log10(level / 0.5.squareRoot()) < -100, "\(rate) Hz, tone at \(low + fraction * (high - low)) Hz")
        }
    }

    @Test(arguments: rates) func aConstantStays(rate: Int) throws {
        let resampler = try #require(Resampler(fromHz: rate, toHz: target))
        let output = resampler.resample([Float](repeating: 0.5, count: rate / 4))
        #expect(output[(output.count / 4)..<(output.count * 3 / 4)].allSatisfy { abs($0 - 0.5) < 1e-6 })
    }

    @Test func equalRatesChangeNothing() throws {
        let samples: [Float] = [0.1, -0.2, 0.3]
        #expect(try #require(Resampler(fromHz: target, toHz: target)).resample(samples) == samples)
    }

    /// ceil(length * up / down), with 51200 : 16000 = 16 : 5 and so on.
    @Test func lengths() throws {
        let lengths: [(rate: Int, count: Int, expected: Int)] = [
            (51_200, 512_000, 160_000), (51_200, 512_001, 160_001), (44_100, 441, 160), (44_100, 442, 161),
            (48_000, 1, 1), (48_000, 4, 2), (8_000, 3, 6), (17_066, 16, 15), (17_067, 16, 15),
            (17_067, 170_667, 160_001),
        ]
        for (rate, count, expected) in lengths {
            let resampler = try #require(Resampler(fromHz: rate, toHz: target))
            #expect(resampler.resample([Float](repeating: 0, count: count)).count == expected, "\(count) at \(rate) Hz")
        }
        #expect(try #require(Resampler(fromHz: 48_000, toHz: target)).resample([]).isEmpty)
    }

    @Test func ratesWithoutUsefulRatioAreRefused() {
        #expect(Resampler(fromHz: 999_983, toHz: target) == nil)
    }
}
