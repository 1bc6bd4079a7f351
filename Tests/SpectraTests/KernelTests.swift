import CKernels
import Foundation
import TestSupport
import Testing

/// The vector loops of the log-mel against their plain twins.
@Suite struct KernelTests {
    /// To one unit in the last place, and to 4e-6 dB near 0 dB.
    @Test func decibels() {
        let values = (-126...127).flatMap { exponent in
            stride(from: 1.0, to: 2.0, by: 0.013).map { Float($0 * exp2(Double(exponent))) }
        }
        // All lengths of the rest behind whole vectors.
        for count in [1, 15, 16, 17, values.count - values.count % 16 - 1, values.count] {
            var found = Array(values[..<count])
            kernel_decibels(&found, count, 0, 0)
            for (value, decibels) in zip(values, found) {
                let expected = 10 * log10(Double(value))
                #expect(abs(Double(decibels) - expected) < max(4e-6, abs(expected) * 1.2e-7), "\(value)")
            }
        }
    }

    @Test func decibelsHaveAFloor() {
        var values: [Float] = [0, 1e-30, 1e-10, -1, 1e-9]
        kernel_decibels(&values, values.count, 1e-10, 0)
        #expect(values[..<4].allSatisfy { $0 == -100 })
        #expect(abs(values[4] + 90) < 1e-5)
        var added: [Float] = [0, 1]
        kernel_decibels(&added, 2, 0, 1)
        #expect(added[0] == 0)
        #expect(abs(added[1] - 3.0103) < 1e-6)
    }

    @Test func window() {
        var random = SplitMix64(seed: 1)
        let samples = (0..<48).map { _ in Float.random(in: -1...1, using: &random) }
        let window = (0..<48).map { _ in Double.random(in: 0...1, using: &random) }
        var found = [Double](repeating: 0, count: 48)
        kernel_window(samples, window, &found, 48)
        #expect(found == zip(samples, window).map { Double($0) * $1 })
    }

    @Test func power() {
        var random = SplitMix64(seed: 2)
        let spectrum = (0..<96).map { _ in Double.random(in: -1...1, using: &random) }
        var found = [Float](repeating: 0, count: 48)
        kernel_power(spectrum, &found, 48)
        for bin in 0..<48 {
            let (real, imaginary) = (spectrum[2 * bin], spectrum[2 * bin + 1])
            #expect(abs(found[bin] - Float(real * real + imaginary * imaginary)) < 1e-7)
        }
    }

    @Test func melBands() {
        var random = SplitMix64(seed: 3)
        let power = (0..<128).map { _ in Float.random(in: 0...1, using: &random) }
        let weights = (0..<64).map { _ in Float.random(in: 0...1, using: &random) }
        let firstBins: [Int32] = [1, 17, 80]
        let offsets: [Int32] = [0, 16, 48, 64]
        var found = [Float](repeating: -1, count: 6)
        kernel_mel_bands(power, firstBins, offsets, weights, &found, 2, 3)
        for band in 0..<3 {
            let range = Int(offsets[band])..<Int(offsets[band + 1])
            let expected = zip(weights[range], power[Int(firstBins[band])...]).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs(found[2 * band] - expected) < 1e-5)
            #expect(found[2 * band + 1] == -1)
        }
    }
}
