private import CKernels

extension Kernels {
    /// One output row of a depthwise 3×3 convolution with padding 1, with bias and PReLU where they are given.
    ///
    /// **Shapes**: each input row [width][channels], weights [9][channels], out [(width − 1)/stride + 1][channels].
    package static func depthwiseRow(
        _ above: UnsafePointer<Float>, _ middle: UnsafePointer<Float>, _ below: UnsafePointer<Float>,
        weights: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, width: Int, channels: Int, stride: Int,
        bias: UnsafePointer<Float>? = nil, slope: UnsafePointer<Float>? = nil
    ) {
        precondition(channels % lanes == 0 && (1...2).contains(stride), "\(channels) channels, stride \(stride)")
        kernel_depthwise_row(
            above, middle, below, weights, out, width, (width - 1) / stride + 1, channels, stride, bias, slope)
    }

    /// dx += what an output row returns to one of its three input rows through that row's three weights.
    ///
    /// **Shapes**: dy [(width − 1)/stride + 1][channels], weights [3][channels], dx [width][channels].
    package static func depthwiseRowGradient(
        _ dy: UnsafePointer<Float>, weights: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, width: Int,
        channels: Int, stride: Int
    ) {
        precondition(channels % lanes == 0, "\(channels) channels are not a multiple of \(lanes)")
        kernel_depthwise_row_gradient(dy, weights, dx, width, (width - 1) / stride + 1, channels, stride)
    }

    /// dw += the gradient of one row of weights from an input row and the output row it fed.
    ///
    /// **Shapes**: x [width][channels], dy [(width − 1)/stride + 1][channels], dw [3][channels].
    package static func depthwiseWeightGradient(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dw: UnsafeMutablePointer<Float>, width: Int,
        channels: Int, stride: Int
    ) {
        precondition(channels % lanes == 0, "\(channels) channels are not a multiple of \(lanes)")
        kernel_depthwise_weight_gradient(x, dy, dw, width, (width - 1) / stride + 1, channels, stride)
    }
}

extension PlainKernels {
    package static func depthwiseRow(
        _ rows: [[Float]], weights: [Float], width: Int, channels: Int, stride: Int
    ) -> [Float] {
        var out: [Float] = []
        for column in 0..<(width - 1) / stride + 1 {
            for c in 0..<channels {
                var sum: Float = 0
                for tap in 0..<9 {
                    let x = column * stride + tap % 3 - 1
                    if (0..<width).contains(x) { sum += weights[tap * channels + c] * rows[tap / 3][x * channels + c] }
                }
                out.append(sum)
            }
        }
        return out
    }

    package static func depthwiseRowGradient(
        _ dy: [Float], weights: [Float], into dx: inout [Float], width: Int, channels: Int, stride: Int
    ) {
        for column in 0..<(width - 1) / stride + 1 {
            for tap in 0..<3 {
                let x = column * stride + tap - 1
                guard (0..<width).contains(x) else { continue }
                for c in 0..<channels {
                    dx[x * channels + c] += dy[column * channels + c] * weights[tap * channels + c]
                }
            }
        }
    }

    package static func depthwiseWeightGradient(
        _ x: [Float], _ dy: [Float], into dw: inout [Float], width: Int, channels: Int, stride: Int
    ) {
        for column in 0..<(width - 1) / stride + 1 {
            for tap in 0..<3 {
                let position = column * stride + tap - 1
                guard (0..<width).contains(position) else { continue }
                for c in 0..<channels {
                    dw[tap * channels + c] += x[position * channels + c] * dy[column * channels + c]
                }
            }
        }
    }
}
