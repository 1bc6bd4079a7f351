private import CKernels

/// A convolution over time with three taps by Winograd's F(4, 3): six products where the plain way takes twelve.
///
/// A tile makes four outputs, `dilation` steps apart; a block is `dilation` tiles, that is 4·dilation outputs in a row.
extension Kernels {
    /// The part of each tile that is multiplied with the transformed weights.
    ///
    /// **Shapes**: x [blocks·4·dilation + 2·dilation][channels], padding included, values [6][blocks·dilation][channels].
    package static func winogradInput(
        _ x: UnsafePointer<Float>, into values: UnsafeMutablePointer<Float>, blocks: Int, channels: Int, dilation: Int
    ) {
        precondition(channels % lanes == 0, "\(channels) channels are not a multiple of \(lanes)")
        kernel_winograd_input(x, values, blocks * dilation, channels, dilation)
    }

    /// The outputs from the products, with a bias and ReLU where there is a bias.
    ///
    /// **Shapes**: products [6][blocks·dilation][channels], y [rows][channels]; rows ≤ blocks·4·dilation.
    package static func winogradOutput(
        _ products: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int, blocks: Int, channels: Int,
        dilation: Int, bias: UnsafePointer<Float>? = nil
    ) {
        precondition(channels % lanes == 0, "\(channels) channels are not a multiple of \(lanes)")
        kernel_winograd_output(products, y, rows, blocks * dilation, channels, dilation, bias)
    }

    /// What the products receive from the gradient of the outputs.
    ///
    /// **Shapes**: dy [blocks·4·dilation][channels], values [6][blocks·dilation][channels].
    package static func winogradGradient(
        _ dy: UnsafePointer<Float>, into values: UnsafeMutablePointer<Float>, blocks: Int, channels: Int, dilation: Int
    ) {
        precondition(channels % lanes == 0, "\(channels) channels are not a multiple of \(lanes)")
        kernel_winograd_gradient(dy, values, blocks * dilation, channels, dilation)
    }

    /// The six factors that three taps become: G·w.
    package static func winogradWeights(_ w: (Float, Float, Float)) -> [Float] {
        let ends = w.0 + w.2
        let far = w.0 / 24 + w.2 / 6
        return [w.0 / 4, -(ends + w.1) / 6, (w.1 - ends) / 6, far + w.1 / 12, far - w.1 / 12, w.2]
    }

    /// The gradient of three taps from that of their six factors: Gᵀ·u.
    package static func winogradWeightGradient(_ u: [Float]) -> (Float, Float, Float) {
        let near = -(u[1] + u[2]) / 6
        let far = u[3] + u[4]
        return (u[0] / 4 + near + far / 24, (u[2] - u[1]) / 6 + (u[3] - u[4]) / 12, near + far / 6 + u[5])
    }
}

extension PlainKernels {
    /// y[t] = Σ w[tap]·x[t + tap·dilation] over padded x.
    ///
    /// **Shapes**: x [rows + 2·dilation][inputs], weights [outputs][inputs][3], result [rows][outputs].
    package static func convolution(
        _ x: [Float], weights: [Float], rows: Int, inputs: Int, outputs: Int, dilation: Int
    ) -> [Float] {
        var y = [Float](repeating: 0, count: rows * outputs)
        for t in 0..<rows {
            for o in 0..<outputs {
                var sum: Float = 0
                for i in 0..<inputs {
                    for tap in 0..<3 {
                        sum += weights[(o * inputs + i) * 3 + tap] * x[(t + tap * dilation) * inputs + i]
                    }
                }
                y[t * outputs + o] = sum
            }
        }
        return y
    }
}
