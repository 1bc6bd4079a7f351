import Tensors
import Testing

/// Every kernel against its plain twin, at odd sizes.
@Suite struct KernelsTests {
    private func draw(_ count: Int, seed: UInt64) -> [Float] {
        var random = CounterRandom(seed)
        return (0..<count).map { _ in Float(random.nextNormal()) }
    }

    private func expectClose(
        _ left: [Float], _ right: [Float], tolerance: Float = 2e-5, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let largest = right.map(abs).max() ?? 0
        let distance = zip(left, right).map { abs($0 - $1) }.max() ?? 0
        #expect(left.count == right.count, sourceLocation: sourceLocation)
        #expect(distance <= tolerance * max(largest, 1), sourceLocation: sourceLocation)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 97, 200], [(1, 1), (41, 27), (64, 11), (33, 128)])
    func product(rows: Int, size: (columns: Int, depth: Int)) {
        let (columns, depth) = size
        let a = FloatBuffer(draw(rows * depth, seed: 1))
        let b = draw(columns * depth, seed: 2)
        let panels = Panels(depth: depth, columns: columns)
        b.withUnsafeBufferPointer {
            if let base = $0.baseAddress { panels.pack(base, depthStride: columns, columnStride: 1) }
        }
        let padding = [Float](repeating: 0, count: Panels.paddedCount(columns) - columns)
        let bias = FloatBuffer(draw(columns, seed: 3) + padding)
        let slope = FloatBuffer(draw(columns, seed: 4) + padding)
        let (c, other) = (FloatBuffer(count: rows * columns), FloatBuffer(draw(rows * columns, seed: 5)))
        var expected = c.values
        for way in 0..<16 {
            let (hasBias, hasSlope, adds) = (way & 1 > 0, way & 2 > 0, way & 4 > 0)
            let added = way & 8 > 0 ? c : other
            let addedBefore = added.values
            Kernels.product(
                a.pointer, aStride: depth, panels, into: c.pointer, cStride: columns, rows: rows,
                bias: hasBias ? bias.pointer : nil, slope: hasSlope ? slope.pointer : nil,
                added: adds ? added.pointer : nil)
            PlainKernels.product(
                a.values, aStride: depth, b, depth: depth, columns: columns, into: &expected, rows: rows,
                bias: hasBias ? bias.values : nil, slope: hasSlope ? slope.values : nil,
                added: adds ? addedBefore : nil)
            expectClose(c.values, expected)
        }
    }

    /// To the last bit: how the rows are shared out among tiles must not show.
    @Test(arguments: [7, 13, 97])
    func productOfManyRowsIsThatOfEach(rows: Int) {
        let (depth, columns) = (70, 48)
        let a = FloatBuffer(draw(rows * depth, seed: 1))
        let panels = Panels(depth: depth, columns: columns)
        let b = FloatBuffer(draw(depth * columns, seed: 2))
        panels.pack(b.pointer, depthStride: columns, columnStride: 1)
        let (together, alone) = (FloatBuffer(count: rows * columns), FloatBuffer(count: rows * columns))
        Kernels.product(a.pointer, aStride: depth, panels, into: together.pointer, cStride: columns, rows: rows)
        for row in 0..<rows {
            Kernels.product(
                a.pointer + row * depth, aStride: depth, panels, into: alone.pointer + row * columns, cStride: columns,
                rows: 1)
        }
        #expect(together.values == alone.values)
    }

    @Test(arguments: [1, 7, 300], [1, 6, 41, 64])
    func productTransposed(positions: Int, rows: Int) {
        let a = FloatBuffer(draw(positions * rows, seed: 6))
        let b = FloatBuffer(draw(positions * 32, seed: 7))
        let c = FloatBuffer(draw(rows * 32, seed: 8))
        var expected = c.values
        for _ in 0..<2 {
            Kernels.productTransposed(
                a.pointer, aStride: rows, b.pointer, bStride: 32, into: c.pointer, positions: positions, rows: rows,
                columns: 32)
            PlainKernels.productTransposed(
                a.values, b.values, into: &expected, positions: positions, rows: rows, columns: 32)
        }
        expectClose(c.values, expected)
    }

    @Test(arguments: [1, 4, 7, 8, 9, 31], [1, 2])
    func winogradConvolution(rows: Int, dilation: Int) {
        let (inputs, outputs) = (16, 32)
        let blocks = (rows + 4 * dilation - 1) / (4 * dilation)
        let tiles = blocks * dilation
        let valid = (rows + 2 * dilation) * inputs
        let x = FloatBuffer(count: (blocks * 4 + 2) * dilation * inputs)
        for (index, value) in draw(valid, seed: 9).enumerated() { x.pointer[index] = value }
        let weights = draw(outputs * inputs * 3, seed: 10)
        let values = FloatBuffer(count: 6 * tiles * inputs)
        let products = FloatBuffer(count: 6 * tiles * outputs)
        Kernels.winogradInput(x.pointer, into: values.pointer, blocks: blocks, channels: inputs, dilation: dilation)
        for k in 0..<6 {
            let factors = FloatBuffer(
                stride(from: 0, to: weights.count, by: 3).map {
                    Kernels.winogradWeights((weights[$0], weights[$0 + 1], weights[$0 + 2]))[k]
                })
            let panels = Panels(depth: inputs, columns: outputs)
            panels.pack(factors.pointer, depthStride: 1, columnStride: inputs)
            Kernels.product(
                values.pointer + k * tiles * inputs, aStride: inputs, panels,
                into: products.pointer + k * tiles * outputs, cStride: outputs, rows: tiles)
        }
        let y = FloatBuffer(count: rows * outputs)
        Kernels.winogradOutput(
            products.pointer, into: y.pointer, rows: rows, blocks: blocks, channels: outputs, dilation: dilation)
        let expected = PlainKernels.convolution(
            Array(x.values.prefix(valid)), weights: weights, rows: rows, inputs: inputs, outputs: outputs,
            dilation: dilation)
        expectClose(y.values, expected)
    }

    /// The gradient transform is the transpose of the output transform: ⟨A·m, dy⟩ = ⟨m, Aᵀ·dy⟩; the same for the weights.
    @Test(arguments: [1, 2])
    func winogradGradientIsTheTranspose(dilation: Int) {
        let (blocks, channels) = (3, 16)
        let tiles = blocks * dilation
        let rows = tiles * 4
        let m = FloatBuffer(draw(6 * tiles * channels, seed: 11))
        let dy = FloatBuffer(draw(rows * channels, seed: 12))
        let y = FloatBuffer(count: rows * channels)
        let dm = FloatBuffer(count: 6 * tiles * channels)
        Kernels.winogradOutput(
            m.pointer, into: y.pointer, rows: rows, blocks: blocks, channels: channels, dilation: dilation)
        Kernels.winogradGradient(dy.pointer, into: dm.pointer, blocks: blocks, channels: channels, dilation: dilation)
        func dot(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        #expect(abs(dot(y.values, dy.values) - dot(m.values, dm.values)) < 1e-2)

        let w = draw(3, seed: 13)
        let u = draw(6, seed: 14)
        let back = Kernels.winogradWeightGradient(u)
        let forth = dot(Kernels.winogradWeights((w[0], w[1], w[2])), u)
        #expect(abs(forth - (w[0] * back.0 + w[1] * back.1 + w[2] * back.2)) < 1e-5)
    }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 40], [1, 2])
    func depthwise(width: Int, stride: Int) {
        let channels = 32
        let outWidth = (width - 1) / stride + 1
        let rows = (0..<3).map { FloatBuffer(draw(width * channels, seed: 20 + UInt64($0))) }
        let weights = FloatBuffer(draw(9 * channels, seed: 23))
        let out = FloatBuffer(count: outWidth * channels)
        Kernels.depthwiseRow(
            rows[0].pointer, rows[1].pointer, rows[2].pointer, weights: weights.pointer, into: out.pointer,
            width: width, channels: channels, stride: stride)
        expectClose(
            out.values,
            PlainKernels.depthwiseRow(
                rows.map(\.values), weights: weights.values, width: width, channels: channels, stride: stride))

        let bias = FloatBuffer(draw(channels, seed: 24))
        let slope = FloatBuffer(draw(channels, seed: 25))
        let plain = out.values
        Kernels.depthwiseRow(
            rows[0].pointer, rows[1].pointer, rows[2].pointer, weights: weights.pointer, into: out.pointer,
            width: width, channels: channels, stride: stride, bias: bias.pointer, slope: slope.pointer)
        expectClose(
            out.values,
            PlainKernels.activate(
                plain, channels: channels, centre: [Float](repeating: 0, count: channels),
                scale: [Float](repeating: 1, count: channels), shift: bias.values, slope: slope.values))

        let dy = FloatBuffer(draw(outWidth * channels, seed: 26))
        let dx = FloatBuffer(draw(width * channels, seed: 27))
        var expectedInput = dx.values
        Kernels.depthwiseRowGradient(
            dy.pointer, weights: weights.pointer, into: dx.pointer, width: width, channels: channels, stride: stride)
        PlainKernels.depthwiseRowGradient(
            dy.values, weights: weights.values, into: &expectedInput, width: width, channels: channels, stride: stride)
        expectClose(dx.values, expectedInput)

        let dw = FloatBuffer(draw(3 * channels, seed: 28))
        var expectedWeights = dw.values
        Kernels.depthwiseWeightGradient(
            rows[0].pointer, dy.pointer, into: dw.pointer, width: width, channels: channels, stride: stride)
        PlainKernels.depthwiseWeightGradient(
            rows[0].values, dy.values, into: &expectedWeights, width: width, channels: channels, stride: stride)
        expectClose(dw.values, expectedWeights)
    }

    @Test(arguments: [1, 7, 313], [false, true])
    func normalisation(rows: Int, rectified: Bool) {
        let channels = 48
        let y = FloatBuffer(draw(rows * channels, seed: 30))
        let vectors = (31..<36).map { FloatBuffer(draw(channels, seed: $0)) }
        let (scale, shift, inverse, centre) = (vectors[0], vectors[1], vectors[2], vectors[3])
        let slope = rectified ? vectors[4] : nil
        let a = FloatBuffer(count: rows * channels)
        Kernels.activate(
            y.pointer, into: a.pointer, rows: rows, channels: channels, centre: centre.pointer, scale: scale.pointer,
            shift: shift.pointer, slope: slope?.pointer)
        expectClose(
            a.values,
            PlainKernels.activate(
                y.values, channels: channels, centre: centre.values, scale: scale.values, shift: shift.values,
                slope: slope?.values))

        let g = FloatBuffer(draw(rows * channels, seed: 37))
        let expected = PlainKernels.activateGradient(
            g.values, y.values, channels: channels, centre: centre.values, scale: scale.values, shift: shift.values,
            slope: slope?.values, inverse: inverse.values)
        let sums = (0..<3).map { _ in FloatBuffer(count: channels) }
        Kernels.activateGradient(
            g.pointer, y.pointer, rows: rows, channels: channels, centre: centre.pointer, scale: scale.pointer,
            shift: shift.pointer, slope: slope?.pointer, inverse: inverse.pointer, sums: sums[0].pointer,
            products: sums[1].pointer, slopes: sums[2].pointer)
        expectClose(g.values, expected.g)
        expectClose(sums[0].values, expected.sums)
        expectClose(sums[1].values, expected.products)
        expectClose(sums[2].values, expected.slopes)

        let moments = (0..<2).map { _ in FloatBuffer(count: channels) }
        Kernels.moments(
            y.pointer, rows: rows, channels: channels, origin: shift.pointer, sums: moments[0].pointer,
            squares: moments[1].pointer)
        let columns = (0..<channels).map { c in (0..<rows).map { y.values[$0 * channels + c] - shift.values[c] } }
        expectClose(moments[0].values, columns.map { $0.reduce(0, +) })
        expectClose(moments[1].values, columns.map { $0.reduce(0) { $0 + $1 * $1 } })

        let dy = FloatBuffer(count: rows * channels)
        Kernels.combine(
            g.pointer, y.pointer, into: dy.pointer, rows: rows, channels: channels, centre: centre.pointer,
            scale.pointer, shift.pointer, inverse.pointer)
        let combined = (0..<rows * channels).map {
            let c = $0 % channels
            let far = y.values[$0] - centre.values[c]
            return scale.values[c] * g.values[$0] + shift.values[c] * far + inverse.values[c]
        }
        expectClose(dy.values, combined)
    }

    @Test(arguments: [1, 4, 13])
    func largest(rows: Int) {
        let channels = 16
        // Whole numbers, so that ties are common and the first of them must win.
        let a = FloatBuffer(draw(rows * channels, seed: 40).map { ($0 * 2).rounded() })
        let out = FloatBuffer(count: channels)
        Kernels.largest(a.pointer, into: out.pointer, rows: rows, channels: channels)
        let expected = (0..<channels).map { c in (0..<rows).map { a.values[$0 * channels + c] }.max() ?? 0 }
        #expect(out.values == expected)
        let g = FloatBuffer(draw(channels, seed: 41))
        let da = FloatBuffer(count: rows * channels)
        Kernels.largestGradient(a.pointer, g.pointer, into: da.pointer, rows: rows, channels: channels)
        #expect(da.values == PlainKernels.largestGradient(a.values, g.values, rows: rows, channels: channels))
    }
}
