internal import Tensors

/// A 1×1 convolution over all channels, during training.
final class TrainedPointwise: TrainedUnit {
    let outputs: UnitOutputs
    private let unit: ConvolutionUnit
    private let weight: ParameterLayout.Slice
    /// For the way forth and the way back.
    private let forth, back: Panels

    init(_ unit: ConvolutionUnit, _ layout: ParameterLayout, clips: Int) {
        self.unit = unit
        outputs = UnitOutputs(unit, layout, clips: clips)
        weight = layout[unit.weight]
        forth = Panels(depth: unit.input.channels, columns: unit.output.channels)
        back = Panels(depth: unit.output.channels, columns: unit.input.channels)
    }

    func begin(_ parameters: Parameters) {
        let source = parameters.buffer.pointer + weight.offset
        forth.pack(source, depthStride: 1, columnStride: forth.depth)
        back.pack(source, depthStride: forth.depth, columnStride: 1)
        outputs.norm.begin(parameters)
    }

    /// y = W·x for all clips, where x is what another unit's outputs become, or a stored image.
    func forward(_ source: TrainedImage, scratch: UnsafeMutablePointer<Float>) {
        let (width, wide, positions) = (unit.input.channels, unit.output.channels, unit.output.positions)
        for clip in 0..<outputs.clips {
            for first in stride(from: 0, to: positions, by: UnitOutputs.chunk) {
                let rows = min(UnitOutputs.chunk, positions - first)
                let x = source.read(clip, first: first, rows: rows, scratch: scratch)
                let y = outputs[clip] + first * wide
                Kernels.preciseProduct(x, aStride: width, forth, into: y, cStride: wide, rows: rows)
                outputs.norm.observe(y, rows: rows)
            }
        }
    }

    /// The way back of `forward`: dW += dyᵀ·x, then dx = dy·W, which the source's norm receives.
    ///
    /// - Parameters:
    ///   - g: dL/dz of this unit, [clips][positions][channels].
    ///   - target: becomes dL/dz of the source's norm; where `accumulates`, what it holds is dL/dx from elsewhere.
    func backward(
        _ g: FloatBuffer, source: TrainedImage, into target: FloatBuffer, accumulates: Bool,
        gradient: FloatBuffer, scratch: UnsafeMutablePointer<Float>
    ) {
        outputs.norm.finishGradient(gradient)
        let (width, wide, positions) = (unit.input.channels, unit.output.channels, unit.output.positions)
        let dy = scratch
        let room = scratch + UnitOutputs.chunk * wide
        for clip in 0..<outputs.clips {
            for first in stride(from: 0, to: positions, by: UnitOutputs.chunk) {
                let rows = min(UnitOutputs.chunk, positions - first)
                let position = clip * positions + first
                outputs.norm.combine(g.pointer + position * wide, outputs[clip] + first * wide, into: dy, rows: rows)
                let x = source.read(clip, first: first, rows: rows, scratch: room)
                Kernels.productTransposed(
                    dy, aStride: wide, x, bStride: width, into: gradient.pointer + weight.offset, positions: rows,
                    rows: wide, columns: width)
                let dx = target.pointer + position * width
                Kernels.product(
                    dy, aStride: wide, back, into: dx, cStride: width, rows: rows, added: accumulates ? dx : nil)
                source.outputs.norm.receive(dx, source.outputs[clip] + first * width, rows: rows)
            }
        }
    }
}
