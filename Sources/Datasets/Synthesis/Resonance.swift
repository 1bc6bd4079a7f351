/// A mode of a housing, a shell or a cavity: a band-pass filter of two poles whose gain is 1 at its centre.
///
/// y[n] = g·(x[n] − x[n−2]) + 2r·cos(2πf/fs)·y[n−1] − r²·y[n−2], r = 1 − π·bandwidth/fs, g = (1 − r²)/2.
/// After an impact it rings with a decay time of 1/(π·bandwidth).
///
/// Source: Smith, "Introduction to Digital Filters", constant-peak-gain resonator.
struct Resonance {
    /// Of noise of unit power, so that the filtered noise has the power `gain²`.
    let noiseLevel: Float
    /// Of an impact of strength 1, so that its ringing begins at the amplitude `gain`.
    let impactLevel: Float
    fileprivate let input: Float
    fileprivate let first: Float
    fileprivate let second: Float

    /// - Parameters:
    ///   - frequencyHz: of the centre, above 0 and below half the sample rate.
    ///   - bandwidthHz: between the points at −3 dB, small against the sample rate.
    ///   - decibels: level of the resonance among its companions.
    init(frequencyHz: Double, bandwidthHz: Double, decibels: Double = 0) {
        let rate = Double(Sound.sampleRateHz)
        precondition(frequencyHz > 0 && frequencyHz < rate / 2, "a resonance at \(frequencyHz) Hz")
        let radius = 1 - Double.pi * bandwidthHz / rate
        input = Float((1 - radius * radius) / 2)
        first = Float(2 * radius) * sine(turns: Float(frequencyHz / rate) + 0.25)
        second = Float(-radius * radius)
        let gain = amplitude(decibels: decibels)
        noiseLevel = gain / Float((1 - radius).squareRoot())
        impactLevel = gain / (2 * input)
    }
}

/// Resonances that hear the same and are heard together, each at its level.
///
/// Four run side by side: one alone would wait for its own last result at every sample.
struct ResonanceBank {
    private var input = SIMD4<Float>()
    private var first = SIMD4<Float>()
    private var second = SIMD4<Float>()
    private var levels = SIMD4<Float>()

    /// - Parameter resonances: one to four.
    init(_ resonances: [Resonance], levels: [Float]) {
        precondition(
            (1...4).contains(resonances.count) && levels.count == resonances.count, "\(resonances.count) modes")
        for (lane, resonance) in resonances.enumerated() {
            input[lane] = resonance.input
            first[lane] = resonance.first
            second[lane] = resonance.second
            self.levels[lane] = levels[lane]
        }
    }

    /// Σ level·y over the resonances.
    func filtered(_ samples: [Float]) -> [Float] {
        [Float](unsafeUninitializedCapacity: samples.count) { output, count in
            samples.withUnsafeBufferPointer { samples in
                var (x1, x2): (Float, Float) = (0, 0)
                var (y1, y2) = (SIMD4<Float>(), SIMD4<Float>())
                for index in 0..<samples.count {
                    let x = samples[index]
                    let y = (input * (x - x2) + second * y2) + first * y1
                    (x2, x1) = (x1, x)
                    (y2, y1) = (y1, y)
                    let heard = levels * y
                    output[index] = (heard[0] + heard[1]) + (heard[2] + heard[3])
                }
            }
            count = samples.count
        }
    }
}
