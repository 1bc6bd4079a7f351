internal import Tensors

/// Layer norm over time, with a gain and a bias per time step, shared over the channels; then LeakyReLU.
enum LayerNorm {
    /// normal = (y − mean) / deviation, with biased variance over the rows of each channel.
    ///
    /// **Shapes**: y, normal [rows][channels]; scratch holds 3 vectors, of which the third is left as 1/deviation.
    static func normalise(
        _ y: UnsafePointer<Float>, into normal: UnsafeMutablePointer<Float>, rows: Int, channels: Int,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (sums, squares, inverse) = (scratch, scratch + channels, scratch + 2 * channels)
        sums.update(repeating: 0, count: 2 * channels)
        Kernels.moments(y, rows: rows, channels: channels, origin: y, sums: sums, squares: squares)
        for c in 0..<channels {
            let distance = Double(sums[c]) / Double(rows)
            let variance = max(Double(squares[c]) / Double(rows) - distance * distance, 0)
            let (mean, precise) = (distance + Double(y[c]), 1 / (variance + TgramShape.epsilon).squareRoot())
            // From here on the vectors are centre and shift: what the centre loses by rounding.
            sums[c] = Float(mean)
            squares[c] = Float((Double(sums[c]) - mean) * precise)
            inverse[c] = Float(precise)
        }
        Kernels.activate(
            y, into: normal, rows: rows, channels: channels, centre: sums, scale: inverse, shift: squares, slope: nil)
    }

    /// a = LeakyReLU(gain[row]·normal + bias[row]); a may be normal.
    static func activate(
        _ normal: UnsafePointer<Float>, into a: UnsafeMutablePointer<Float>, rows: Int, channels: Int,
        gain: UnsafePointer<Float>, bias: UnsafePointer<Float>
    ) {
        for row in 0..<rows {
            let (g, b) = (gain[row], bias[row])
            let (source, target) = (normal + row * channels, a + row * channels)
            for c in 0..<channels {
                let z = g * source[c] + b
                target[c] = max(z, 0) + TgramShape.leak * min(z, 0)
            }
        }
    }
}
