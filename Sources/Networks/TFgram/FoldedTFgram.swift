internal import Tensors

/// TFgram with its batch norms folded into its weights.
///
/// Each block runs in chunks of time: both convolutions and the pool of a chunk are done before the next is begun, so
/// that the 32 000 steps of the first block never leave the second-level cache. A chunk computes the few steps at its
/// sides that its neighbours compute as well.
struct FoldedTFgram {
    /// Steps before the pool that a chunk makes.
    static let chunkSteps = 480
    /// What the two convolutions of a block reach beyond a chunk, on either side.
    private static let reach = (first: 1, second: 2)

    private struct Block {
        let shape: TFgramShape.Block
        let first: WinogradConvolution
        let firstBias: FloatBuffer
        let second: WinogradConvolution
        let secondBias: FloatBuffer

        init(_ parameters: Parameters, _ shape: TFgramShape.Block) {
            self.shape = shape
            let norms = (1...2).map { FoldedNorm(parameters, "\(shape.name).bn\($0)") }
            first = WinogradConvolution(
                parameters.pointer(shape.name + ".conv1.weight"), inputs: shape.inputs, outputs: shape.outputs,
                dilation: 1, scale: norms[0].scale.pointer)
            second = WinogradConvolution(
                parameters.pointer(shape.name + ".conv2.weight"), inputs: shape.outputs, outputs: shape.outputs,
                dilation: 2, scale: norms[1].scale.pointer)
            firstBias = norms[0].shift
            secondBias = norms[1].shift
        }
    }

    let shape: TFgramShape
    private let start: Panels
    private let startBias: FloatBuffer
    private let startSlope: FloatBuffer
    private let blocks: [Block]

    init(_ parameters: Parameters) {
        shape = TFgramShape(parameters.architecture)
        let norm = FoldedNorm(parameters, "TFgramNet.pre_bn0")
        start = Panels(depth: TFgramShape.kernel, columns: shape.firstChannels)
        start.pack(
            parameters.pointer("TFgramNet.pre_conv0.weight"), depthStride: 1, columnStride: TFgramShape.kernel,
            scale: norm.scale.pointer)
        startBias = norm.shift
        startSlope = FloatBuffer(count: shape.firstChannels)
        blocks = shape.blocks.map { Block(parameters, $0) }
    }

    /// Returns where the image [frames][channels] lies in the scratch.
    ///
    /// - Parameter wave: the samples, with `TFgramShape.padding` zeros before them and after them.
    func apply(_ wave: UnsafePointer<Float>, scratch: TFgramScratch) -> UnsafePointer<Float> {
        run(blocks[0], into: scratch.pooled[0].pointer, scratch: scratch) { steps, target in
            Kernels.product(
                wave + steps.lowerBound * TFgramShape.stride, aStride: TFgramShape.stride, start, into: target,
                cStride: shape.firstChannels, rows: steps.count, bias: startBias.pointer, slope: startSlope.pointer)
        }
        for index in 1...2 {
            let source = scratch.pooled[index - 1].pointer
            let inputs = blocks[index].shape.inputs
            run(blocks[index], into: scratch.pooled[index].pointer, scratch: scratch) { steps, target in
                target.update(from: source + steps.lowerBound * inputs, count: steps.count * inputs)
            }
        }
        return UnsafePointer(scratch.pooled[2].pointer)
    }

    /// Runs a block chunk by chunk.
    ///
    /// - Parameter fill: writes the block's input at those steps.
    private func run(
        _ block: Block, into pooled: UnsafeMutablePointer<Float>, scratch: TFgramScratch,
        fill: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    ) {
        let shape = block.shape
        let (inputs, outputs) = (shape.inputs, shape.outputs)
        let binsPerChunk = max(1, Self.chunkSteps * shape.pooledSteps / shape.steps)
        for firstBin in stride(from: 0, to: shape.pooledSteps, by: binsPerChunk) {
            let bins = firstBin..<min(firstBin + binsPerChunk, shape.pooledSteps)
            let steps = shape.bin(bins.lowerBound).lowerBound..<shape.bin(bins.upperBound - 1).upperBound
            let middle = steps.lowerBound - Self.reach.second..<steps.upperBound + Self.reach.second
            let outer = middle.lowerBound - Self.reach.first..<middle.upperBound + Self.reach.first

            let (input, hidden, output) = (scratch.input.pointer, scratch.hidden.pointer, scratch.output.pointer)
            let inside = outer.clamped(to: 0..<shape.steps)
            fill(inside, input + (inside.lowerBound - outer.lowerBound) * inputs)
            Self.clear(outer, outside: inside, in: input, channels: inputs, slack: block.first.slackRows)
            block.first.apply(
                input, rows: middle.count, into: hidden, bias: block.firstBias.pointer, scratch: scratch.winograd)
            Self.clear(
                middle, outside: middle.clamped(to: 0..<shape.steps), in: hidden, channels: outputs,
                slack: block.second.slackRows)
            block.second.apply(
                hidden, rows: steps.count, into: output, bias: block.secondBias.pointer, scratch: scratch.winograd)
            for bin in bins {
                let range = shape.bin(bin)
                Kernels.largest(
                    output + (range.lowerBound - steps.lowerBound) * outputs, into: pooled + bin * outputs,
                    rows: range.count, channels: outputs)
            }
        }
    }

    /// Zeroes the rows of a chunk that lie before the first or after the last step of the clip, and the slack behind it.
    ///
    /// What the last tiles read there cancels in their outputs but for its rounding: left from another clip, it would
    /// make the last bits depend on what was heard before.
    private static func clear(
        _ chunk: Range<Int>, outside inside: Range<Int>, in rows: UnsafeMutablePointer<Float>, channels: Int, slack: Int
    ) {
        rows.update(repeating: 0, count: (inside.lowerBound - chunk.lowerBound) * channels)
        (rows + (inside.upperBound - chunk.lowerBound) * channels).update(
            repeating: 0, count: (chunk.upperBound - inside.upperBound + slack) * channels)
    }
}

final class TFgramScratch {
    let input: FloatBuffer
    let hidden: FloatBuffer
    let output: FloatBuffer
    let pooled: [FloatBuffer]
    let winograd: WinogradScratch

    init(_ shape: TFgramShape) {
        // A bin may be wider than a chunk; beside a chunk lie its padding and what the last tiles read beyond it.
        let widestBin = shape.blocks.map { $0.steps / $0.pooledSteps + 2 }.max() ?? 0
        let rows = FoldedTFgram.chunkSteps + widestBin + 32
        input = FloatBuffer(count: rows * shape.widest)
        hidden = FloatBuffer(count: rows * shape.widest)
        output = FloatBuffer(count: rows * shape.widest)
        pooled = shape.blocks.map { FloatBuffer(count: $0.pooledSteps * $0.outputs) }
        winograd = WinogradScratch(channels: shape.widest)
    }
}
