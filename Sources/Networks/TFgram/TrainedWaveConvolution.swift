internal import Tensors

/// A convolution over time with three taps, during training.
///
/// The way forth is a plain product, because what follows a rounding error there is more than the error: an activation that
/// changes sides, a pool that picks another step. The way back is linear, and goes by Winograd's F(4, 3); the gradient of
/// the weights is taken in the transformed domain too, and turned back once per step.
final class TrainedWaveConvolution {
    /// Time steps that are worked on together: a whole number of tiles at either dilation.
    static let chunk = 240

    let inputs: Int
    let outputs: Int
    let dilation: Int
    private let weight: ParameterLayout.Slice
    private let taps: [Panels]
    private var back: WinogradConvolution?
    private let factorGradients: FloatBuffer

    init(_ layout: ParameterLayout, _ name: String, dilation: Int) {
        weight = layout[name]
        outputs = weight.shape[0]
        inputs = weight.shape[1]
        self.dilation = dilation
        factorGradients = FloatBuffer(count: 6 * outputs * inputs)
        // Neighbouring steps lie side by side, so that all three taps are one product; dilated ones do not.
        taps =
            dilation == 1
            ? [Panels(depth: 3 * inputs, columns: outputs)]
            : (0..<3).map { [inputs, outputs] _ in Panels(depth: inputs, columns: outputs) }
    }

    func begin(_ parameters: Parameters) {
        let source = parameters.buffer.pointer + weight.offset
        pack(source)
        // Back, the taps come in reverse and inputs and outputs change places.
        let reversed = FloatBuffer(count: weight.count)
        for o in 0..<outputs {
            for i in 0..<inputs {
                for tap in 0..<3 {
                    reversed.pointer[(i * outputs + o) * 3 + 2 - tap] = source[(o * inputs + i) * 3 + tap]
                }
            }
        }
        back = WinogradConvolution(reversed.pointer, inputs: outputs, outputs: inputs, dilation: dilation)
        factorGradients.zero()
    }

    /// **Shapes**: x [rows + 2·dilation (+ slack)][inputs], padding included, y [rows][outputs].
    func forward(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>) {
        for (tap, panels) in taps.enumerated() {
            Kernels.preciseProduct(
                x + tap * dilation * inputs, aStride: inputs, panels, into: y, cStride: outputs, rows: rows,
                accumulate: tap > 0)
        }
    }

    private func pack(_ source: UnsafePointer<Float>) {
        if dilation > 1 {
            for (tap, panels) in taps.enumerated() {
                panels.pack(source + tap, depthStride: 3, columnStride: 3 * inputs)
            }
            return
        }
        let ordered = FloatBuffer(count: weight.count)
        for o in 0..<outputs {
            for i in 0..<inputs {
                for tap in 0..<3 { ordered.pointer[(o * 3 + tap) * inputs + i] = source[(o * inputs + i) * 3 + tap] }
            }
        }
        taps[0].pack(ordered.pointer, depthStride: 1, columnStride: 3 * inputs)
    }

    /// One chunk of the way back.
    ///
    /// - Parameters:
    ///   - dy: [rows + 2·dilation (+ slack)][outputs], with its neighbours, zero outside the clip and in the slack.
    ///   - x: as in `forward`.
    ///   - dx: receives [rows][inputs].
    func backward(
        _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, into dx: UnsafeMutablePointer<Float>,
        scratch: WinogradScratch
    ) {
        back?.apply(dy, rows: rows, into: dx, scratch: scratch)
        let blocks = (rows + 4 * dilation - 1) / (4 * dilation)
        let tiles = blocks * dilation
        Kernels.winogradInput(x, into: scratch.values, blocks: blocks, channels: inputs, dilation: dilation)
        Kernels.winogradGradient(
            dy + dilation * outputs, into: scratch.products, blocks: blocks, channels: outputs, dilation: dilation)
        for k in 0..<6 {
            Kernels.productTransposed(
                scratch.products + k * tiles * outputs, aStride: outputs, scratch.values + k * tiles * inputs,
                bStride: inputs, into: factorGradients.pointer + k * outputs * inputs, positions: tiles, rows: outputs,
                columns: inputs)
        }
    }

    /// Adds the gradient of the taps.
    func finish(_ gradient: FloatBuffer) {
        let target = gradient.pointer + weight.offset
        let plane = outputs * inputs
        for index in 0..<plane {
            let taps = Kernels.winogradWeightGradient((0..<6).map { factorGradients.pointer[$0 * plane + index] })
            target[3 * index] += taps.0
            target[3 * index + 1] += taps.1
            target[3 * index + 2] += taps.2
        }
    }
}
