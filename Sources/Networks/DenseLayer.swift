internal import Tensors

/// y = x·Wᵀ + bias over the rows of a batch, during training.
final class DenseLayer {
    private let inputs: Int
    private let outputs: Int
    private let weight: ParameterLayout.Slice
    private let bias: ParameterLayout.Slice?
    private let forth: Panels
    private let back: Panels
    private let biasValues: FloatBuffer

    init(_ layout: ParameterLayout, weight: String, bias: String? = nil) {
        self.weight = layout[weight]
        self.bias = bias.map { layout[$0] }
        outputs = self.weight.shape[0]
        inputs = self.weight.count / outputs
        forth = Panels(depth: inputs, columns: outputs)
        back = Panels(depth: outputs, columns: inputs)
        biasValues = FloatBuffer(count: Panels.paddedCount(outputs))
    }

    func forward(_ parameters: Parameters, _ x: FloatBuffer, into y: FloatBuffer, rows: Int) {
        let source = parameters.buffer.pointer + weight.offset
        forth.pack(source, depthStride: 1, columnStride: inputs)
        back.pack(source, depthStride: inputs, columnStride: 1)
        if let bias { biasValues.pointer.update(from: parameters.buffer.pointer + bias.offset, count: outputs) }
        Kernels.product(
            x.pointer, aStride: inputs, forth, into: y.pointer, cStride: outputs, rows: rows, bias: biasValues.pointer)
    }

    /// Adds the gradients of weight and bias, and writes dx.
    func backward(_ dy: FloatBuffer, _ x: FloatBuffer, into dx: FloatBuffer, rows: Int, gradient: FloatBuffer) {
        Kernels.productTransposed(
            dy.pointer, aStride: outputs, x.pointer, bStride: inputs, into: gradient.pointer + weight.offset,
            positions: rows, rows: outputs, columns: inputs)
        if let bias {
            let target = gradient.pointer + bias.offset
            for row in 0..<rows {
                for c in 0..<outputs { target[c] += dy.pointer[row * outputs + c] }
            }
        }
        Kernels.product(dy.pointer, aStride: outputs, back, into: dx.pointer, cStride: inputs, rows: rows)
    }
}
