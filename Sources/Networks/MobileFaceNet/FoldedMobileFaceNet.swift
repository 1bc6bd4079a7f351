internal import Tensors

/// The MobileFaceNet up to its global convolution, with its batch norms folded into its weights.
///
/// It works band by band: a bottleneck expands a few rows at a time, filters them and projects what comes out, so that the
/// wide images are never written out. Wide bottlenecks run in passes over slices of their expanded channels, to keep the
/// bands and the pass's weights in the second-level cache; the projections of the passes add up.
struct FoldedMobileFaceNet {
    /// Expanded channels per pass.
    static let channelsPerPass = 128

    private struct Filter {
        /// [9][channels]
        let weights: FloatBuffer
        let bias: FloatBuffer
        let slope: FloatBuffer
    }

    private struct Pass {
        let channels: Int
        let expand: Panels
        let expandBias: FloatBuffer
        let expandSlope: FloatBuffer
        let filter: Filter
        let project: Panels
        let projectBias: FloatBuffer?
    }

    private let plan: MobileFaceNetPlan
    private let stem: Panels
    private let stemBias: FloatBuffer
    private let stemSlope: FloatBuffer
    private let filter: Filter
    private let bottlenecks: [[Pass]]
    private let trunk: Panels
    private let trunkBias: FloatBuffer
    private let trunkSlope: FloatBuffer
    /// [positions][channels]
    private let globalWeights: FloatBuffer
    private let globalBias: FloatBuffer

    init(_ parameters: Parameters) {
        let plan = MobileFaceNetPlan(parameters.architecture)
        self.plan = plan
        let depth = plan.stem.input.channels * 9
        let stemNorm = FoldedNorm(parameters, plan.stem.norm)
        stem = Panels(depth: depth, columns: plan.stem.output.channels)
        stem.pack(
            parameters.pointer(plan.stem.weight), depthStride: 1, columnStride: depth, scale: stemNorm.scale.pointer)
        stemBias = stemNorm.shift
        stemSlope = Self.slope(parameters, plan.stem, 0..<plan.stem.output.channels)
        filter = Self.filter(parameters, plan.filter, 0..<plan.filter.output.channels)
        bottlenecks = plan.bottlenecks.map { Self.passes(parameters, $0) }

        let (width, wide) = (plan.trunk.input.channels, plan.trunk.output.channels)
        let trunkNorm = FoldedNorm(parameters, plan.trunk.norm)
        trunk = Panels(depth: width, columns: wide)
        trunk.pack(
            parameters.pointer(plan.trunk.weight), depthStride: 1, columnStride: width,
            scale: trunkNorm.scale.pointer)
        trunkBias = trunkNorm.shift
        trunkSlope = Self.slope(parameters, plan.trunk, 0..<wide)

        let globalNorm = FoldedNorm(parameters, "mobilefacenet.linear7.bn")
        let positions = plan.trunk.output.positions
        globalBias = globalNorm.shift
        globalWeights = FloatBuffer(count: positions * wide)
        let weight = parameters.pointer("mobilefacenet.linear7.conv.weight")
        for c in 0..<wide {
            for position in 0..<positions {
                globalWeights.pointer[position * wide + c] =
                    weight[c * positions + position] * globalNorm.scale.pointer[c]
            }
        }
    }

    private static func slope(_ parameters: Parameters, _ unit: ConvolutionUnit, _ channels: Range<Int>) -> FloatBuffer
    {
        guard let name = unit.slope else { preconditionFailure("\(unit.weight) has no slope") }
        let buffer = FloatBuffer(count: channels.count)
        buffer.pointer.update(from: parameters.pointer(name) + channels.lowerBound, count: channels.count)
        return buffer
    }

    private static func part(_ buffer: FloatBuffer, _ channels: Range<Int>) -> FloatBuffer {
        let part = FloatBuffer(count: channels.count)
        part.pointer.update(from: buffer.pointer + channels.lowerBound, count: channels.count)
        return part
    }

    private static func filter(_ parameters: Parameters, _ unit: ConvolutionUnit, _ channels: Range<Int>) -> Filter {
        let norm = FoldedNorm(parameters, unit.norm)
        let weights = FloatBuffer(count: 9 * channels.count)
        let source = parameters.pointer(unit.weight)
        for (index, c) in channels.enumerated() {
            for tap in 0..<9 {
                weights.pointer[tap * channels.count + index] = source[c * 9 + tap] * norm.scale.pointer[c]
            }
        }
        return Filter(weights: weights, bias: part(norm.shift, channels), slope: slope(parameters, unit, channels))
    }

    private static func passes(_ parameters: Parameters, _ bottleneck: Bottleneck) -> [Pass] {
        let (width, wide) = (bottleneck.expand.input.channels, bottleneck.expand.output.channels)
        let narrow = bottleneck.project.output.channels
        let expandNorm = FoldedNorm(parameters, bottleneck.expand.norm)
        let projectNorm = FoldedNorm(parameters, bottleneck.project.norm)
        return stride(from: 0, to: wide, by: channelsPerPass).map { first in
            let channels = first..<min(first + channelsPerPass, wide)
            let expand = Panels(depth: width, columns: channels.count)
            expand.pack(
                parameters.pointer(bottleneck.expand.weight) + first * width, depthStride: 1, columnStride: width,
                scale: expandNorm.scale.pointer + first)
            let project = Panels(depth: channels.count, columns: narrow)
            project.pack(
                parameters.pointer(bottleneck.project.weight) + first, depthStride: 1, columnStride: wide,
                scale: projectNorm.scale.pointer)
            return Pass(
                channels: channels.count, expand: expand, expandBias: part(expandNorm.shift, channels),
                expandSlope: slope(parameters, bottleneck.expand, channels),
                filter: filter(parameters, bottleneck.filter, channels), project: project,
                projectBias: first == 0 ? projectNorm.shift : nil)
        }
    }
}

// MARK: The way through

extension FoldedMobileFaceNet {
    /// - Parameters:
    ///   - images: [channels][bands][frames].
    ///   - features: receives the global convolution's outputs after their batch norm, [trunkChannels].
    func apply(_ images: UnsafePointer<Float>, features: UnsafeMutablePointer<Float>, scratch: MobileFaceNetScratch) {
        var (image, next) = (scratch.images.0.pointer, scratch.images.1.pointer)
        begin(images, into: image, scratch: scratch)
        for (bottleneck, passes) in zip(plan.bottlenecks, bottlenecks) {
            var added = bottleneck.connects ? UnsafePointer(image) : nil
            for pass in passes {
                run(pass, of: bottleneck, image, added: added, into: next, scratch: scratch)
                added = UnsafePointer(next)
            }
            swap(&image, &next)
        }
        finish(image, features: features, scratch: scratch)
    }

    /// The stem and the first filter.
    private func begin(
        _ images: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, scratch: MobileFaceNetScratch
    ) {
        let output = plan.stem.output
        let rowLength = output.columns * output.channels
        let ring = BandRing(scratch, output)
        for band in ring.bands(stride: 1) {
            for row in band.made {
                Patches.gather(
                    images, plane: plan.stem.input, row: row, stride: stem.depth, into: scratch.patches.pointer)
                Kernels.product(
                    scratch.patches.pointer, aStride: stem.depth, stem, into: ring[row], cStride: output.channels,
                    rows: output.columns, bias: stemBias.pointer, slope: stemSlope.pointer)
            }
            for row in band.filtered {
                apply(filter, to: ring, row: row, stride: 1, output, into: target + row * rowLength)
            }
        }
    }

    /// Makes what one slice of the expanded channels contributes to a bottleneck's output.
    ///
    /// - Parameter added: the input of a bottleneck that connects, or the target with what other slices contributed.
    private func run(
        _ pass: Pass, of bottleneck: Bottleneck, _ image: UnsafePointer<Float>, added: UnsafePointer<Float>?,
        into target: UnsafeMutablePointer<Float>, scratch: MobileFaceNetScratch
    ) {
        let (input, output) = (bottleneck.expand.input, bottleneck.project.output)
        let plane = Plane(rows: input.rows, columns: input.columns, channels: pass.channels)
        let ring = BandRing(scratch, plane)
        for band in ring.bands(stride: bottleneck.stride) {
            Kernels.product(
                image + band.made.lowerBound * input.columns * input.channels, aStride: input.channels, pass.expand,
                into: ring[band.made.lowerBound], cStride: pass.channels, rows: band.made.count * input.columns,
                bias: pass.expandBias.pointer, slope: pass.expandSlope.pointer)
            for (index, row) in band.filtered.enumerated() {
                apply(
                    pass.filter, to: ring, row: row, stride: bottleneck.stride, plane,
                    into: scratch.filtered.pointer + index * output.columns * pass.channels)
            }
            let start = band.filtered.lowerBound * output.columns * output.channels
            Kernels.product(
                scratch.filtered.pointer, aStride: pass.channels, pass.project, into: target + start,
                cStride: output.channels, rows: band.filtered.count * output.columns,
                bias: pass.projectBias?.pointer, added: added.map { $0 + start })
        }
    }

    /// One output row of a filter.
    private func apply(
        _ filter: Filter, to ring: BandRing, row: Int, stride: Int, _ plane: Plane,
        into target: UnsafeMutablePointer<Float>
    ) {
        Kernels.depthwiseRow(
            ring.reading(row * stride - 1), ring.reading(row * stride), ring.reading(row * stride + 1),
            weights: filter.weights.pointer, into: target, width: plane.columns, channels: plane.channels,
            stride: stride, bias: filter.bias.pointer, slope: filter.slope.pointer)
    }

    /// The trunk and the global convolution.
    private func finish(
        _ image: UnsafePointer<Float>, features: UnsafeMutablePointer<Float>, scratch: MobileFaceNetScratch
    ) {
        let (input, output) = (plan.trunk.input, plan.trunk.output)
        let (wide, outputs) = (output.channels, scratch.ring.pointer)
        features.update(from: globalBias.pointer, count: wide)
        let bandRows = BandRing.bandRows(columns: output.columns)
        for first in stride(from: 0, to: output.rows, by: bandRows) {
            let positions = min(bandRows, output.rows - first) * output.columns
            Kernels.product(
                image + first * input.columns * input.channels, aStride: input.channels, trunk, into: outputs,
                cStride: wide, rows: positions, bias: trunkBias.pointer, slope: trunkSlope.pointer)
            let weights = globalWeights.pointer + first * output.columns * wide
            for position in 0..<positions {
                let (y, w) = (outputs + position * wide, weights + position * wide)
                for c in 0..<wide { features[c] += y[c] * w[c] }
            }
        }
    }
}
