internal import Tensors

/// A 3×3 filter within each channel, during training.
final class TrainedDepthwise: TrainedUnit {
    let outputs: UnitOutputs
    private let unit: ConvolutionUnit
    private let weight: ParameterLayout.Slice
    /// [9][channels]
    private let taps, tapGradients: FloatBuffer

    init(_ unit: ConvolutionUnit, _ layout: ParameterLayout, clips: Int) {
        self.unit = unit
        outputs = UnitOutputs(unit, layout, clips: clips)
        weight = layout[unit.weight]
        taps = FloatBuffer(count: 9 * unit.output.channels)
        tapGradients = FloatBuffer(count: 9 * unit.output.channels)
    }

    private var stride: Int { unit.stride }

    func begin(_ parameters: Parameters) {
        let (source, channels) = (parameters.buffer.pointer + weight.offset, unit.output.channels)
        for c in 0..<channels {
            for tap in 0..<9 { taps.pointer[tap * channels + c] = source[c * 9 + tap] }
        }
        outputs.norm.begin(parameters)
    }

    /// y = 3×3 filter of what the source's outputs become, row by row.
    func forward(_ source: UnitOutputs, ring: TrainedRing) {
        let (input, output, channels) = (unit.input, unit.output, unit.output.channels)
        for clip in 0..<outputs.clips {
            var made = 0
            for row in 0..<output.rows {
                while made <= min(row * stride + 1, input.rows - 1) {
                    source.norm.activate(
                        source[clip] + made * input.columns * channels, into: ring[made], rows: input.columns)
                    made += 1
                }
                let y = outputs[clip] + row * output.columns * channels
                Kernels.depthwiseRow(
                    ring.reading(row * stride - 1, of: input.rows), ring.reading(row * stride, of: input.rows),
                    ring.reading(row * stride + 1, of: input.rows), weights: taps.pointer, into: y,
                    width: input.columns, channels: channels, stride: stride)
                outputs.norm.observe(y, rows: output.columns)
            }
        }
    }

    /// The way back of `forward`, input row by input row.
    ///
    /// - Parameters:
    ///   - g: dL/dz of this unit.
    ///   - target: becomes dL/dz of the source.
    func backward(
        _ g: FloatBuffer, source: UnitOutputs, into target: FloatBuffer, gradient: FloatBuffer,
        ring: TrainedRing, scratch: UnsafeMutablePointer<Float>
    ) {
        let (input, output, channels) = (unit.input, unit.output, unit.output.channels)
        let (rowLength, outRowLength) = (input.columns * channels, output.columns * channels)
        outputs.norm.finishGradient(gradient)
        tapGradients.zero()
        for clip in 0..<outputs.clips {
            var made = 0
            for row in 0..<input.rows {
                while made <= min((row + 1) / stride, output.rows - 1) {
                    outputs.norm.combine(
                        g.pointer + clip * output.count + made * outRowLength,
                        outputs[clip] + made * outRowLength, into: ring[made], rows: output.columns)
                    made += 1
                }
                let y = source[clip] + row * rowLength
                let dx = target.pointer + clip * input.count + row * rowLength
                source.norm.activate(y, into: scratch, rows: input.columns)
                dx.update(repeating: 0, count: rowLength)
                for tapRow in 0..<3 where (row + 1 - tapRow) % stride == 0 {
                    let outRow = (row + 1 - tapRow) / stride
                    guard (0..<output.rows).contains(outRow), row + 1 >= tapRow else { continue }
                    let dy = UnsafePointer(ring[outRow])
                    Kernels.depthwiseWeightGradient(
                        scratch, dy, into: tapGradients.pointer + 3 * tapRow * channels, width: input.columns,
                        channels: channels, stride: stride)
                    Kernels.depthwiseRowGradient(
                        dy, weights: taps.pointer + 3 * tapRow * channels, into: dx, width: input.columns,
                        channels: channels, stride: stride)
                }
                source.norm.receive(dx, y, rows: input.columns)
            }
        }
        let target = gradient.pointer + weight.offset
        for c in 0..<channels {
            for tap in 0..<9 { target[c * 9 + tap] += tapGradients.pointer[tap * channels + c] }
        }
    }
}

/// Three rows on their way through a 3×3 filter, and a row of zeros for what lies outside.
final class TrainedRing {
    private let rows: FloatBuffer
    private let zero: FloatBuffer
    private let length: Int

    init(length: Int) {
        self.length = length
        rows = FloatBuffer(count: 3 * length)
        zero = FloatBuffer(count: length)
    }

    subscript(row: Int) -> UnsafeMutablePointer<Float> { rows.pointer + row % 3 * length }

    func reading(_ row: Int, of count: Int) -> UnsafePointer<Float> {
        (0..<count).contains(row) ? UnsafePointer(self[row]) : UnsafePointer(zero.pointer)
    }
}
