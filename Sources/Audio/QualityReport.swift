private import Glibc

/// What a look at the samples themselves says about the sensor, the recorder and the way here.
package struct QualityReport: Hashable, Sendable {
    package var flags: QualityFlags
    /// Root mean square in dB of full scale; -infinity for digital silence.
    package let levelDecibels: Float
    /// The largest absolute value; full scale is 1.
    package let peak: Float
    /// The mean of the samples.
    package let dcOffset: Float
    /// The share of samples at the end of the scale, 0...1.
    package let clippedFraction: Float
    /// The longest time for which one value was repeated.
    package let longestStuckSeconds: Double

    /// Measures one channel as it was recorded, before its rate is changed.
    ///
    /// - Parameters:
    ///   - samples: one channel, full scale 1. Must not be empty.
    ///   - sampleRateHz: the rate of the recording.
    ///   - fullScale: the largest positive value that the encoding expresses.
    package init(samples: [Float], sampleRateHz: Int, fullScale: Float = 1) {
        precondition(!samples.isEmpty && sampleRateHz > 0, "\(samples.count) samples at \(sampleRateHz) Hz")
        let scan = samples.withUnsafeBufferPointer { SampleScan($0, fullScale: fullScale) }
        let count = Double(samples.count)
        let rate = Double(sampleRateHz)
        let mean = scan.sum / count
        let level = (scan.sumOfSquares / count).squareRoot()

        levelDecibels = Float(20 * log10(level))
        peak = scan.peak
        dcOffset = Float(mean)
        clippedFraction = Float(Double(scan.clippedCount) / count)
        longestStuckSeconds = Double(scan.longestRun) / rate

        var flags: QualityFlags = []
        if level < 1e-4 { flags.insert(.silence) }
        if longestStuckSeconds > 1 { flags.insert(.stuckSamples) }
        if clippedFraction > 0.001 || scan.longestClippedRun >= 3 { flags.insert(.clipping) }
        if peak > 1 { flags.insert(.levelTooHigh) }
        if abs(mean) > 0.01 { flags.insert(.dcOffset) }
        // A quiet 16-bit recording holds short runs of zeros by itself: only a loud one is interrupted by 5 ms of them.
        if level > 1e-3, Double(scan.longestZeroRun) / rate > 0.005 { flags.insert(.droppedPackets) }
        if RepeatedBuffer.isFound(in: samples) { flags.insert(.repeatedBuffer) }
        self.flags = flags
    }
}

/// Sums, extremes and runs of a row of samples, found in one pass.
private struct SampleScan {
    private(set) var sum = 0.0
    private(set) var sumOfSquares = 0.0
    private(set) var peak: Float = 0
    private(set) var clippedCount = 0
    private(set) var longestClippedRun = 0
    private(set) var longestRun = 0
    private(set) var longestZeroRun = 0

    init(_ samples: UnsafeBufferPointer<Float>, fullScale: Float) {
        var run = 0
        var clippedRun = 0
        var previous = Float.nan
        for sample in samples {
            sum += Double(sample)
            sumOfSquares += Double(sample) * Double(sample)
            peak = max(peak, abs(sample))

            run = sample == previous ? run + 1 : 1
            previous = sample
            longestRun = max(longestRun, run)
            if sample == 0 { longestZeroRun = max(longestZeroRun, run) }

            if sample >= fullScale || sample <= -fullScale {
                clippedCount += 1
                clippedRun += 1
                longestClippedRun = max(longestClippedRun, clippedRun)
            } else {
                clippedRun = 0
            }
        }
    }
}
