internal import Tensors

/// A convolution over time with three taps, whose weights were transformed once.
///
/// With dilation d, y[t] = Σ w[tap]·x[t + (tap − 1)·d].
struct WinogradConvolution {
    /// Tiles that are worked on together, so that their transforms stay in the second-level cache.
    static let tilesPerPass = 60

    let inputs: Int
    let outputs: Int
    let dilation: Int
    /// Six matrices [inputs][outputs].
    private let factors: [Panels]

    /// - Parameters:
    ///   - weight: [outputs][inputs][3], as published.
    ///   - scale: a factor per output, for a batch norm folded in.
    init(
        _ weight: UnsafePointer<Float>, inputs: Int, outputs: Int, dilation: Int, scale: UnsafePointer<Float>? = nil
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.dilation = dilation
        let transformed = (0..<6).map { _ in FloatBuffer(count: outputs * inputs) }
        for index in 0..<outputs * inputs {
            let taps = weight + 3 * index
            let six = Kernels.winogradWeights((taps[0], taps[1], taps[2]))
            for (buffer, value) in zip(transformed, six) { buffer.pointer[index] = value }
        }
        factors = transformed.map { buffer in
            let panels = Panels(depth: inputs, columns: outputs)
            panels.pack(buffer.pointer, depthStride: 1, columnStride: inputs, scale: scale)
            return panels
        }
    }

    /// Rows that may be read, though not used, beyond the padded input.
    var slackRows: Int { 4 * dilation }

    /// **Shapes**: x [rows + 2·dilation (+ slack)][inputs], padding included, y [rows][outputs].
    func apply(
        _ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>? = nil,
        scratch: WinogradScratch
    ) {
        let blockRows = 4 * dilation
        let blocksPerPass = max(1, Self.tilesPerPass / dilation)
        for first in stride(from: 0, to: rows, by: blocksPerPass * blockRows) {
            let count = min(rows - first, blocksPerPass * blockRows)
            let blocks = (count + blockRows - 1) / blockRows
            let tiles = blocks * dilation
            Kernels.winogradInput(
                x + first * inputs, into: scratch.values, blocks: blocks, channels: inputs, dilation: dilation)
            for (k, panels) in factors.enumerated() {
                Kernels.product(
                    scratch.values + k * tiles * inputs, aStride: inputs, panels,
                    into: scratch.products + k * tiles * outputs, cStride: outputs, rows: tiles)
            }
            Kernels.winogradOutput(
                scratch.products, into: y + first * outputs, rows: count, blocks: blocks, channels: outputs,
                dilation: dilation, bias: bias)
        }
    }
}

/// Room for one pass of a `WinogradConvolution`.
final class WinogradScratch {
    private let valuesBuffer: FloatBuffer
    private let productsBuffer: FloatBuffer

    /// - Parameter tiles: how many there may be in a pass.
    init(channels: Int, tiles: Int = WinogradConvolution.tilesPerPass) {
        let count = 6 * max(tiles, WinogradConvolution.tilesPerPass) * channels
        valuesBuffer = FloatBuffer(count: count)
        productsBuffer = FloatBuffer(count: count)
    }

    var values: UnsafeMutablePointer<Float> { valuesBuffer.pointer }
    var products: UnsafeMutablePointer<Float> { productsBuffer.pointer }
}
