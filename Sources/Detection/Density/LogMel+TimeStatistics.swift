package import Spectra

extension LogMel {
    /// The mean of every mel band over time, then the deviation of every band, dB.
    ///
    /// Sums run in double precision, frame after frame; the deviation is that of the population (divided by the number
    /// of frames).
    ///
    /// **Shape** (2 · melBands).
    package var timeStatistics: [Float] {
        var statistics = [Float](repeating: 0, count: 2 * melBands)
        values.withUnsafeBufferPointer { values in
            for band in 0..<melBands {
                let row = UnsafeBufferPointer(rebasing: values[(band * frames)..<((band + 1) * frames)])
                var sum = 0.0
                for value in row { sum += Double(value) }
                let mean = sum / Double(frames)
                var squares = 0.0
                for value in row {
                    let difference = Double(value) - mean
                    squares += difference * difference
                }
                statistics[band] = Float(mean)
                statistics[melBands + band] = Float((squares / Double(frames)).squareRoot())
            }
        }
        return statistics
    }
}
