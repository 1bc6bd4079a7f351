internal import Tensors

/// The network's first convolution, 3×3 over all images with stride 2, during training.
final class TrainedStem: TrainedUnit {
    let outputs: UnitOutputs
    private let unit: ConvolutionUnit
    private let weight: ParameterLayout.Slice
    /// For the way forth and the way back.
    private let forth, back: Panels

    init(_ unit: ConvolutionUnit, _ layout: ParameterLayout, clips: Int) {
        self.unit = unit
        outputs = UnitOutputs(unit, layout, clips: clips)
        weight = layout[unit.weight]
        forth = Panels(depth: 9 * unit.input.channels, columns: unit.output.channels)
        back = Panels(depth: unit.output.channels, columns: 9 * unit.input.channels)
    }

    func begin(_ parameters: Parameters) {
        let source = parameters.buffer.pointer + weight.offset
        forth.pack(source, depthStride: 1, columnStride: forth.depth)
        back.pack(source, depthStride: forth.depth, columnStride: 1)
        outputs.norm.begin(parameters)
    }

    /// The stem's depth, rounded up so that the gradient of its weights is made of whole vectors.
    private var paddedDepth: Int { Panels.paddedCount(forth.depth) }

    /// Floats of scratch that both ways need.
    var scratchCount: Int {
        unit.output.columns * (2 * paddedDepth + unit.output.channels) + paddedDepth * unit.output.channels
    }

    /// **Shapes**: images [clips][channels][rows][columns].
    func forward(_ images: FloatBuffer, scratch: UnsafeMutablePointer<Float>) {
        let output = unit.output
        for clip in 0..<outputs.clips {
            for row in 0..<output.rows {
                Patches.gather(
                    images.pointer + clip * unit.input.count, plane: unit.input, row: row, stride: paddedDepth,
                    into: scratch)
                let y = outputs[clip] + row * output.columns * output.channels
                Kernels.preciseProduct(
                    scratch, aStride: paddedDepth, forth, into: y, cStride: output.channels, rows: output.columns)
                outputs.norm.observe(y, rows: output.columns)
            }
        }
    }

    /// - Parameters:
    ///   - g: dL/dz of the stem.
    ///   - imageGradients: receives the sum for each image, [clips][channels][rows][columns]; nil where no image learns.
    func backward(
        _ g: FloatBuffer, images: FloatBuffer, imageGradients: FloatBuffer?, gradient: FloatBuffer,
        scratch: UnsafeMutablePointer<Float>
    ) {
        outputs.norm.finishGradient(gradient)
        let output = unit.output
        let (patches, patchGradients) = (scratch, scratch + output.columns * paddedDepth)
        let dy = patchGradients + output.columns * paddedDepth
        let dw = dy + output.columns * output.channels
        dw.update(repeating: 0, count: paddedDepth * output.channels)
        for clip in 0..<outputs.clips {
            for row in 0..<output.rows {
                let position = row * output.columns * output.channels
                outputs.norm.combine(
                    g.pointer + clip * output.count + position, outputs[clip] + position, into: dy,
                    rows: output.columns)
                Patches.gather(
                    images.pointer + clip * unit.input.count, plane: unit.input, row: row, stride: paddedDepth,
                    into: patches)
                Kernels.productTransposed(
                    dy, aStride: output.channels, patches, bStride: paddedDepth, into: dw, positions: output.columns,
                    rows: output.channels, columns: paddedDepth)
                guard let imageGradients else { continue }
                Kernels.product(
                    dy, aStride: output.channels, back, into: patchGradients, cStride: paddedDepth,
                    rows: output.columns)
                Patches.scatter(
                    patchGradients, plane: unit.input, row: row, stride: paddedDepth,
                    into: imageGradients.pointer + clip * unit.input.count)
            }
        }
        let target = gradient.pointer + weight.offset
        for c in 0..<output.channels {
            for k in 0..<forth.depth { target[c * forth.depth + k] += dw[c * paddedDepth + k] }
        }
    }
}
