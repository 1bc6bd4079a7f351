internal import Tensors

/// TFgram during training; the outputs of each convolution but the first, and of each pool, are kept.
final class TrainedTFgram {
    /// A convolution over time with its batch norm and ReLU.
    private final class Layer {
        let convolution: TrainedWaveConvolution
        let norm: BatchNorm
        let steps: Int
        /// [clips][steps][channels]
        let outputs: FloatBuffer

        init(_ layout: ParameterLayout, _ block: String, _ index: Int, steps: Int, clips: Int) {
            convolution = TrainedWaveConvolution(layout, "\(block).conv\(index).weight", dilation: index)
            norm = BatchNorm(layout, "\(block).bn\(index)")
            self.steps = steps
            outputs = FloatBuffer(count: clips * steps * norm.channels)
        }
    }

    private struct Block {
        let shape: TFgramShape.Block
        let first: Layer
        let second: Layer
        /// [clips][pooledSteps][channels]
        let pooled: FloatBuffer
    }

    /// What a layer reads: the first convolution made again, the activation of another's outputs, or a stored image.
    private enum Source {
        case start(TrainedStart)
        case activation(BatchNorm, FloatBuffer)
        case image(FloatBuffer)
    }

    private let shape: TFgramShape
    private let clips: Int
    private let start: TrainedStart
    private let blocks: [Block]
    private let x: FloatBuffer
    private let dy: FloatBuffer
    /// What the first convolution made for the rows in `x`.
    private let y: FloatBuffer
    private let winograd: WinogradScratch
    private var gradients: (FloatBuffer, FloatBuffer)

    init(_ a: Architecture, _ layout: ParameterLayout, clips: Int, room: GradientRoom) {
        let shape = TFgramShape(a)
        self.shape = shape
        self.clips = clips
        start = TrainedStart(shape, layout)
        blocks = shape.blocks.map { block in
            Block(
                shape: block, first: Layer(layout, block.name, 1, steps: block.steps, clips: clips),
                second: Layer(layout, block.name, 2, steps: block.steps, clips: clips),
                pooled: FloatBuffer(count: clips * block.pooledSteps * block.outputs))
        }
        let widestBin = shape.blocks.map { $0.steps / $0.pooledSteps + 2 }.max() ?? 0
        let rows = TrainedWaveConvolution.chunk + widestBin + 16
        x = FloatBuffer(count: rows * shape.widest)
        dy = FloatBuffer(count: rows * shape.widest)
        y = FloatBuffer(count: rows * shape.firstChannels)
        winograd = WinogradScratch(channels: shape.widest)
        let buffers = room.buffers(Self.gradientCounts(a, clips: clips))
        gradients = (buffers[0], buffers[1])
    }

    /// The lengths of the two buffers of gradients.
    static func gradientCounts(_ a: Architecture, clips: Int) -> [Int] {
        let largest = TFgramShape(a).blocks.map { $0.steps * max($0.outputs, $0.inputs) }.max() ?? 0
        return [clips * largest, clips * largest]
    }

    var norms: [BatchNorm] { [start.norm] + blocks.flatMap { [$0.first.norm, $0.second.norm] } }

    /// Numbers kept for the way back.
    var activationCount: Int {
        blocks.reduce(0) { $0 + $1.first.outputs.count + $1.second.outputs.count + $1.pooled.count }
    }

    // MARK: Forth

    /// - Parameter wave: per clip the samples with `TFgramShape.padding` zeros before them and after them.
    /// - Returns: the images, [clips][frames][channels].
    func forward(
        _ parameters: Parameters, wave: (Int) -> UnsafePointer<Float>, statistics: FloatBuffer
    ) -> FloatBuffer {
        start.forward(parameters, waves: (0..<clips).map(wave), statistics: statistics, scratch: y.pointer)
        var source = Source.start(start)
        for block in blocks {
            run(block.first, source, parameters, statistics)
            run(block.second, .activation(block.first.norm, block.first.outputs), parameters, statistics)
            pool(block)
            source = .image(block.pooled)
        }
        return blocks[2].pooled
    }

    private func run(_ layer: Layer, _ source: Source, _ parameters: Parameters, _ statistics: FloatBuffer) {
        layer.convolution.begin(parameters)
        layer.norm.begin(parameters, rectifies: true)
        for clip in 0..<clips {
            for first in stride(from: 0, to: layer.steps, by: TrainedWaveConvolution.chunk) {
                let steps = first..<min(first + TrainedWaveConvolution.chunk, layer.steps)
                read(source, clip, steps, layer)
                let y = layer.outputs.pointer + (clip * layer.steps + first) * layer.norm.channels
                layer.convolution.forward(x.pointer, rows: steps.count, into: y)
                layer.norm.observe(y, rows: steps.count)
            }
        }
        layer.norm.finish(parameters, statistics: statistics)
    }

    /// Fills `x` with what a layer reads for some steps: its neighbours too, zero outside the clip.
    private func read(_ source: Source, _ clip: Int, _ steps: Range<Int>, _ layer: Layer) {
        fill(x.pointer, steps, layer, channels: layer.convolution.inputs) { inside, target in
            let position = (clip * layer.steps + inside.lowerBound) * layer.convolution.inputs
            switch source {
            case .start(let start):
                start.make(clip, inside, into: y.pointer)
                start.norm.activate(y.pointer, into: target, rows: inside.count)
            case .activation(let norm, let outputs):
                norm.activate(outputs.pointer + position, into: target, rows: inside.count)
            case .image(let image):
                target.update(from: image.pointer + position, count: inside.count * layer.convolution.inputs)
            }
        }
    }

    /// Lets `write` fill the steps with their neighbours as far as the clip goes; what is outside becomes zero, and so does
    /// what the last tile reads beyond it.
    private func fill(
        _ buffer: UnsafeMutablePointer<Float>, _ steps: Range<Int>, _ layer: Layer, channels: Int,
        write: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    ) {
        let reach = layer.convolution.dilation
        let outer = steps.lowerBound - reach..<steps.upperBound + reach
        let inside = outer.clamped(to: 0..<layer.steps)
        let before = inside.lowerBound - outer.lowerBound
        let after = outer.upperBound - inside.upperBound + 4 * reach
        buffer.update(repeating: 0, count: before * channels)
        write(inside, buffer + before * channels)
        (buffer + (before + inside.count) * channels).update(repeating: 0, count: after * channels)
    }

    private func pool(_ block: Block) {
        let channels = block.shape.outputs
        forEachPoolChunk(block) { clip, bins, steps in
            for bin in bins {
                let range = block.shape.bin(bin)
                Kernels.largest(
                    x.pointer + (range.lowerBound - steps.lowerBound) * channels,
                    into: block.pooled.pointer + (clip * block.shape.pooledSteps + bin) * channels, rows: range.count,
                    channels: channels)
            }
        }
    }

    /// Calls `body` with some bins of a clip at a time, whose activation then lies in `x`.
    private func forEachPoolChunk(_ block: Block, _ body: (Int, Range<Int>, Range<Int>) -> Void) {
        let shape = block.shape
        let perChunk = max(1, TrainedWaveConvolution.chunk * shape.pooledSteps / shape.steps)
        for clip in 0..<clips {
            for first in stride(from: 0, to: shape.pooledSteps, by: perChunk) {
                let bins = first..<min(first + perChunk, shape.pooledSteps)
                let steps = shape.bin(bins.lowerBound).lowerBound..<shape.bin(bins.upperBound - 1).upperBound
                block.second.norm.activate(
                    block.second.outputs.pointer + (clip * shape.steps + steps.lowerBound) * shape.outputs,
                    into: x.pointer, rows: steps.count)
                body(clip, bins, steps)
            }
        }
    }

    // MARK: Back

    /// The waves of the last `forward` must still lie where they lay.
    ///
    /// - Parameter imageGradients: dL/dimage, [clips][frames][channels].
    func backward(imageGradients: FloatBuffer, gradient: FloatBuffer) {
        gradients.0.pointer.update(from: imageGradients.pointer, count: blocks[2].pooled.count)
        for index in blocks.indices.reversed() {
            let block = blocks[index]
            leavePool(block, gradients.0, into: gradients.1)
            block.second.norm.finishGradient(gradient)
            leave(
                block.second, .activation(block.first.norm, block.first.outputs), gradients.1, into: gradients.0,
                gradient: gradient)
            block.first.norm.finishGradient(gradient)
            let source: Source = index == 0 ? .start(start) : .image(blocks[index - 1].pooled)
            leave(block.first, source, gradients.0, into: gradients.1, gradient: gradient)
            gradients = (gradients.1, gradients.0)
        }
        start.norm.finishGradient(gradient)
        start.leave(gradients.0.pointer, gradient: gradient, scratch: y.pointer)
    }

    /// dL/dz of a block's second layer from that of the pooled image.
    private func leavePool(_ block: Block, _ g: FloatBuffer, into target: FloatBuffer) {
        let (shape, channels) = (block.shape, block.shape.outputs)
        let norm = block.second.norm
        norm.beginGradient()
        target.pointer.update(repeating: 0, count: clips * shape.steps * channels)
        forEachPoolChunk(block) { clip, bins, steps in
            for bin in bins {
                let range = shape.bin(bin)
                Kernels.largestGradient(
                    x.pointer + (range.lowerBound - steps.lowerBound) * channels,
                    g.pointer + (clip * shape.pooledSteps + bin) * channels,
                    into: target.pointer + (clip * shape.steps + range.lowerBound) * channels, rows: range.count,
                    channels: channels)
            }
        }
        let rows = clips * shape.steps
        for first in stride(from: 0, to: rows, by: TrainedWaveConvolution.chunk) {
            norm.receive(
                target.pointer + first * channels, block.second.outputs.pointer + first * channels,
                rows: min(TrainedWaveConvolution.chunk, rows - first))
        }
    }

    /// Back through a convolution: from its dL/dz in `g` to that of its source in `target`.
    private func leave(
        _ layer: Layer, _ source: Source, _ g: FloatBuffer, into target: FloatBuffer, gradient: FloatBuffer
    ) {
        let convolution = layer.convolution
        switch source {
        case .start(let start): start.norm.beginGradient()
        case .activation(let norm, _): norm.beginGradient()
        case .image: break
        }
        for clip in 0..<clips {
            for first in stride(from: 0, to: layer.steps, by: TrainedWaveConvolution.chunk) {
                let steps = first..<min(first + TrainedWaveConvolution.chunk, layer.steps)
                fill(dy.pointer, steps, layer, channels: convolution.outputs) { inside, rows in
                    let position = (clip * layer.steps + inside.lowerBound) * convolution.outputs
                    layer.norm.combine(
                        g.pointer + position, layer.outputs.pointer + position, into: rows, rows: inside.count)
                }
                read(source, clip, steps, layer)
                let position = (clip * layer.steps + first) * convolution.inputs
                let dx = target.pointer + position
                convolution.backward(dy.pointer, x.pointer, rows: steps.count, into: dx, scratch: winograd)
                switch source {
                case .start(let start):
                    // `y` holds the neighbours before the first step too, where there are any.
                    let before = min(convolution.dilation, first)
                    start.norm.receive(dx, y.pointer + before * convolution.inputs, rows: steps.count)
                case .activation(let norm, let outputs):
                    norm.receive(dx, outputs.pointer + position, rows: steps.count)
                case .image: break
                }
            }
        }
        convolution.finish(gradient)
    }
}
