internal import Tensors

/// A convolution unit during training: its packed weights, its batch norm and its stored outputs.
///
/// Only the convolution's outputs y are kept for the way back.
final class TrainedUnit {
    /// Positions that are worked on together, so that what is made of them stays in the second-level cache.
    static let chunk = 240

    let unit: ConvolutionUnit
    let norm: BatchNorm
    /// [clips][positions][channels]
    let outputs: FloatBuffer
    private let weight: ParameterLayout.Slice
    /// Pointwise and stem: for the way forth and the way back.
    private let forth: Panels
    private let back: Panels
    /// Depthwise: [9][channels], and its gradient.
    private let taps: FloatBuffer
    private let tapGradients: FloatBuffer

    init(_ unit: ConvolutionUnit, _ layout: ParameterLayout, clips: Int) {
        self.unit = unit
        norm = BatchNorm(layout, unit.norm, slope: unit.slope)
        outputs = FloatBuffer(count: clips * unit.output.count)
        weight = layout[unit.weight]
        let (inputs, channels) = (weight.count / unit.output.channels, unit.output.channels)
        let isDepthwise = unit.kind != .pointwise && unit.kind != .stem
        forth = Panels(depth: isDepthwise ? 0 : inputs, columns: isDepthwise ? 0 : channels)
        back = Panels(depth: isDepthwise ? 0 : channels, columns: isDepthwise ? 0 : inputs)
        taps = FloatBuffer(count: isDepthwise ? 9 * channels : 0)
        tapGradients = FloatBuffer(count: isDepthwise ? 9 * channels : 0)
    }

    private var stride: Int { unit.stride }

    /// Where a clip's outputs begin.
    func output(_ clip: Int) -> UnsafeMutablePointer<Float> { outputs.pointer + clip * unit.output.count }

    /// Packs the weights and starts the batch norm.
    func begin(_ parameters: Parameters) {
        let source = parameters.buffer.pointer + weight.offset
        forth.pack(source, depthStride: 1, columnStride: forth.depth)
        back.pack(source, depthStride: forth.depth, columnStride: 1)
        if taps.count > 0 {
            for c in 0..<unit.output.channels {
                for tap in 0..<9 { taps.pointer[tap * unit.output.channels + c] = source[c * 9 + tap] }
            }
        }
        norm.begin(parameters)
    }
}

// MARK: Pointwise

extension TrainedUnit {
    /// y = W·x for all clips, where x is what another unit's outputs become, or a stored image.
    func pointwise(_ source: TrainedImage, clips: Int, scratch: UnsafeMutablePointer<Float>) {
        let (width, wide, positions) = (unit.input.channels, unit.output.channels, unit.output.positions)
        for clip in 0..<clips {
            for first in Swift.stride(from: 0, to: positions, by: Self.chunk) {
                let rows = min(Self.chunk, positions - first)
                let x = source.read(clip, first: first, rows: rows, scratch: scratch)
                let y = output(clip) + first * wide
                Kernels.preciseProduct(x, aStride: width, forth, into: y, cStride: wide, rows: rows)
                norm.observe(y, rows: rows)
            }
        }
    }

    /// The way back of `pointwise`: dW += dyᵀ·x, then dx = dy·W, which the source's norm receives.
    ///
    /// - Parameters:
    ///   - g: dL/dz of this unit, [clips][positions][channels].
    ///   - target: becomes dL/dz of the source's norm; where `accumulates`, what it holds is dL/dx from elsewhere.
    func pointwiseGradient(
        _ g: FloatBuffer, source: TrainedImage, into target: FloatBuffer, accumulates: Bool, clips: Int,
        gradient: FloatBuffer, scratch: UnsafeMutablePointer<Float>
    ) {
        let (width, wide, positions) = (unit.input.channels, unit.output.channels, unit.output.positions)
        let dy = scratch
        let room = scratch + Self.chunk * wide
        for clip in 0..<clips {
            for first in Swift.stride(from: 0, to: positions, by: Self.chunk) {
                let rows = min(Self.chunk, positions - first)
                let position = clip * positions + first
                norm.combine(g.pointer + position * wide, output(clip) + first * wide, into: dy, rows: rows)
                let x = source.read(clip, first: first, rows: rows, scratch: room)
                Kernels.productTransposed(
                    dy, aStride: wide, x, bStride: width, into: gradient.pointer + weight.offset, positions: rows,
                    rows: wide, columns: width)
                let dx = target.pointer + position * width
                Kernels.product(
                    dy, aStride: wide, back, into: dx, cStride: width, rows: rows, added: accumulates ? dx : nil)
                source.unit.norm.receive(dx, source.unit.output(clip) + first * width, rows: rows)
            }
        }
    }
}

// MARK: Depthwise

extension TrainedUnit {
    /// y = 3×3 filter of what the source's outputs become, row by row.
    func depthwise(_ source: TrainedUnit, clips: Int, ring: TrainedRing) {
        let (input, output, channels) = (unit.input, unit.output, unit.output.channels)
        for clip in 0..<clips {
            var made = 0
            for row in 0..<output.rows {
                while made <= min(row * stride + 1, input.rows - 1) {
                    source.norm.activate(
                        source.output(clip) + made * input.columns * channels, into: ring[made], rows: input.columns)
                    made += 1
                }
                let y = self.output(clip) + row * output.columns * channels
                Kernels.depthwiseRow(
                    ring.reading(row * stride - 1, of: input.rows), ring.reading(row * stride, of: input.rows),
                    ring.reading(row * stride + 1, of: input.rows), weights: taps.pointer, into: y,
                    width: input.columns, channels: channels, stride: stride)
                norm.observe(y, rows: output.columns)
            }
        }
    }

    /// The way back of `depthwise`, input row by input row.
    ///
    /// - Parameters:
    ///   - g: dL/dz of this unit.
    ///   - target: becomes dL/dz of the source.
    func depthwiseGradient(
        _ g: FloatBuffer, source: TrainedUnit, into target: FloatBuffer, clips: Int, gradient: FloatBuffer,
        ring: TrainedRing, scratch: UnsafeMutablePointer<Float>
    ) {
        let (input, output, channels) = (unit.input, unit.output, unit.output.channels)
        let (rowLength, outRowLength) = (input.columns * channels, output.columns * channels)
        tapGradients.zero()
        for clip in 0..<clips {
            var made = 0
            for row in 0..<input.rows {
                while made <= min((row + 1) / stride, output.rows - 1) {
                    norm.combine(
                        g.pointer + clip * output.count + made * outRowLength,
                        self.output(clip) + made * outRowLength, into: ring[made], rows: output.columns)
                    made += 1
                }
                let y = source.output(clip) + row * rowLength
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

// MARK: Stem

extension TrainedUnit {
    /// The stem's depth, rounded up so that the gradient of its weights is made of whole vectors.
    private var paddedDepth: Int { Panels.paddedCount(forth.depth) }

    /// Floats of scratch that `stem` and `stemGradient` need.
    var stemScratchCount: Int {
        unit.output.columns * (2 * paddedDepth + unit.output.channels) + paddedDepth * unit.output.channels
    }

    /// **Shapes**: images [clips][channels][rows][columns].
    func stem(_ images: FloatBuffer, clips: Int, scratch: UnsafeMutablePointer<Float>) {
        let output = unit.output
        for clip in 0..<clips {
            for row in 0..<output.rows {
                Patches.gather(
                    images.pointer + clip * unit.input.count, plane: unit.input, row: row, stride: paddedDepth,
                    into: scratch)
                let y = self.output(clip) + row * output.columns * output.channels
                Kernels.preciseProduct(
                    scratch, aStride: paddedDepth, forth, into: y, cStride: output.channels, rows: output.columns)
                norm.observe(y, rows: output.columns)
            }
        }
    }

    /// - Parameters:
    ///   - g: dL/dz of the stem.
    ///   - imageGradients: receives the sum for each image, [clips][channels][rows][columns]; nil where no image learns.
    func stemGradient(
        _ g: FloatBuffer, images: FloatBuffer, imageGradients: FloatBuffer?, clips: Int, gradient: FloatBuffer,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let output = unit.output
        let (patches, patchGradients) = (scratch, scratch + output.columns * paddedDepth)
        let dy = patchGradients + output.columns * paddedDepth
        let dw = dy + output.columns * output.channels
        dw.update(repeating: 0, count: paddedDepth * output.channels)
        for clip in 0..<clips {
            for row in 0..<output.rows {
                let position = row * output.columns * output.channels
                norm.combine(
                    g.pointer + clip * output.count + position, self.output(clip) + position, into: dy,
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
