package import Tensors

/// A batch norm over the rows of a whole batch, in double precision; `BatchNorm` is its like for images.
package struct TailNorm: Sendable {
    /// What the way back needs: x̂ = (y − mean) / deviation.
    package struct Memory: Sendable {
        let normal: Matrix
        let inverse: [Double]
        let isFixed: Bool
    }

    private let gain, bias, mean, variance: ParameterLayout.Slice

    package init(_ layout: ParameterLayout, _ name: String) {
        gain = layout[name + ".weight"]
        bias = layout[name + ".bias"]
        mean = layout[name + ".running_mean"]
        variance = layout[name + ".running_var"]
    }

    /// z = gain·x̂ + bias, with the moments of these rows.
    ///
    /// - Parameters:
    ///   - statistics: receives the moments, the variance without bias, where the running ones lie.
    ///   - isFixed: the running statistics take the place of the moments, and stand still.
    ///
    /// **Shapes**: y, z [rows][channels].
    package func forward(
        _ parameters: Parameters, _ y: Matrix, statistics: FloatBuffer, isFixed: Bool = false
    ) -> (z: Matrix, Memory) {
        precondition(y.columns == gain.count, "\(y.columns) columns for a norm of \(gain.count)")
        let weights = parameters.buffer.pointer
        let count = Double(y.rows)
        var (normal, z) = (y, y)
        var inverse = [Double](repeating: 0, count: y.columns)
        for c in 0..<y.columns {
            var center = Double(weights[mean.offset + c])
            var spread = Double(weights[variance.offset + c])
            statistics.pointer[mean.offset + c] = Float(center)
            statistics.pointer[variance.offset + c] = Float(spread)
            if !isFixed {
                center = (0..<y.rows).reduce(0) { $0 + y[$1, c] } / count
                spread = (0..<y.rows).reduce(0) { $0 + (y[$1, c] - center) * (y[$1, c] - center) } / count
                statistics.pointer[mean.offset + c] = Float(center)
                statistics.pointer[variance.offset + c] = Float(spread * count / max(count - 1, 1))
            }
            inverse[c] = 1 / (spread + BatchNorm.epsilon).squareRoot()
            for row in 0..<y.rows {
                normal[row, c] = (y[row, c] - center) * inverse[c]
                z[row, c] = Double(weights[gain.offset + c]) * normal[row, c] + Double(weights[bias.offset + c])
            }
        }
        return (z, Memory(normal: normal, inverse: inverse, isFixed: isFixed))
    }

    /// dy = gain/deviation · (g − mean(g) − x̂·mean(g·x̂)), without the means where the norm is fixed; adds the gradients of
    /// gain and bias.
    ///
    /// **Shapes**: g = dL/dz and result [rows][channels].
    package func backward(_ parameters: Parameters, _ g: Matrix, _ memory: Memory, gradient: FloatBuffer) -> Matrix {
        var dy = g
        let count = Double(g.rows)
        for c in 0..<g.columns {
            let sum = (0..<g.rows).reduce(0) { $0 + g[$1, c] }
            let product = (0..<g.rows).reduce(0) { $0 + g[$1, c] * memory.normal[$1, c] }
            gradient.pointer[bias.offset + c] += Float(sum)
            gradient.pointer[gain.offset + c] += Float(product)
            let factor = Double(parameters.buffer.pointer[gain.offset + c]) * memory.inverse[c]
            for row in 0..<g.rows where memory.isFixed { dy[row, c] = factor * g[row, c] }
            for row in 0..<g.rows where !memory.isFixed {
                dy[row, c] = factor * (g[row, c] - sum / count - memory.normal[row, c] * product / count)
            }
        }
        return dy
    }
}
