package import Tensors

/// y = x·Wᵀ + bias over the rows of a batch, during training, in double precision.
package struct DenseLayer: Sendable {
    private let weight: ParameterLayout.Slice
    private let bias: ParameterLayout.Slice?

    package init(_ layout: ParameterLayout, weight: String, bias: String? = nil) {
        self.weight = layout[weight]
        self.bias = bias.map { layout[$0] }
    }

    private var outputs: Int { weight.shape[0] }
    private var inputs: Int { weight.count / weight.shape[0] }

    private func matrix(_ parameters: Parameters) -> Matrix {
        Matrix(rows: outputs, columns: inputs, UnsafePointer(parameters.buffer.pointer + weight.offset))
    }

    /// **Shapes**: x [rows][inputs], result [rows][outputs].
    package func forward(_ parameters: Parameters, _ x: Matrix) -> Matrix {
        var y = x.times(matrix(parameters).transposed)
        guard let bias else { return y }
        for row in 0..<y.rows {
            for column in 0..<outputs { y[row, column] += Double(parameters.buffer.pointer[bias.offset + column]) }
        }
        return y
    }

    /// Adds the gradients of weight and bias; returns dL/dx.
    ///
    /// **Shapes**: dy [rows][outputs], x and result [rows][inputs].
    package func backward(_ parameters: Parameters, _ dy: Matrix, _ x: Matrix, gradient: FloatBuffer) -> Matrix {
        dy.transposed.times(x).add(to: gradient.pointer + weight.offset)
        if let bias {
            for column in 0..<outputs {
                gradient.pointer[bias.offset + column] += Float((0..<dy.rows).reduce(0) { $0 + dy[$1, column] })
            }
        }
        return dy.times(matrix(parameters))
    }
}
