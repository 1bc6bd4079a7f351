internal import Tensors

/// The MobileFaceNet up to the global convolution, during training.
final class TrainedMobileFaceNet {
    private struct Block {
        let expand: TrainedPointwise
        let filter: TrainedDepthwise
        let project: TrainedPointwise
        let connects: Bool
        let image: FloatBuffer
    }

    private let stem: TrainedStem
    private let filter: TrainedDepthwise
    private let blocks: [Block]
    private let trunk: TrainedPointwise
    private let clips: Int
    private let global: ParameterLayout.Slice
    /// The global convolution's weights and their gradients, [positions][channels].
    private let globalWeights: FloatBuffer
    private let globalGradients: FloatBuffer
    private let scratch: FloatBuffer
    private let ring: TrainedRing
    /// Gradients of the narrow images, in turn, and of the wide ones inside a bottleneck.
    private var narrow: (FloatBuffer, FloatBuffer)
    private let filtered: FloatBuffer
    private let expanded: FloatBuffer

    init(_ a: Architecture, _ layout: ParameterLayout, clips: Int, room: GradientRoom) {
        let plan = MobileFaceNetPlan(a)
        self.clips = clips
        stem = TrainedStem(plan.stem, layout, clips: clips)
        filter = TrainedDepthwise(plan.filter, layout, clips: clips)
        blocks = plan.bottlenecks.map {
            Block(
                expand: TrainedPointwise($0.expand, layout, clips: clips),
                filter: TrainedDepthwise($0.filter, layout, clips: clips),
                project: TrainedPointwise($0.project, layout, clips: clips), connects: $0.connects,
                image: FloatBuffer(count: clips * $0.project.output.count))
        }
        trunk = TrainedPointwise(plan.trunk, layout, clips: clips)
        global = layout["mobilefacenet.linear7.conv.weight"]
        globalWeights = FloatBuffer(count: global.count)
        globalGradients = FloatBuffer(count: global.count)

        let units = plan.bottlenecks.flatMap { [$0.expand, $0.filter, $0.project] } + [plan.filter, plan.trunk]
        let widest = units.map { max($0.input.channels, $0.output.channels) }.max() ?? 0
        let longestRow = units.map { $0.input.columns * max($0.input.channels, $0.output.channels) }.max() ?? 0
        scratch = FloatBuffer(count: max(2 * UnitOutputs.chunk * widest, longestRow, stem.scratchCount))
        ring = TrainedRing(length: longestRow)
        let buffers = room.buffers(Self.gradientCounts(a, clips: clips))
        narrow = (buffers[0], buffers[1])
        (filtered, expanded) = (buffers[2], buffers[3])
    }

    /// The lengths of the buffers of gradients: two narrow ones, the filtered and the expanded one.
    static func gradientCounts(_ a: Architecture, clips: Int) -> [Int] {
        let plan = MobileFaceNetPlan(a)
        let narrow = max(plan.filter.output.count, plan.bottlenecks.map(\.project.output.count).max() ?? 0)
        let filtered = max(plan.trunk.output.count, plan.bottlenecks.map(\.filter.output.count).max() ?? 0)
        let expanded = max(plan.stem.output.count, plan.bottlenecks.map(\.expand.output.count).max() ?? 0)
        return [clips * narrow, clips * narrow, clips * filtered, clips * expanded]
    }

    /// What the block of that index reads.
    private func image(before index: Int) -> TrainedImage {
        index == 0
            ? TrainedImage(outputs: filter.outputs, stored: nil)
            : TrainedImage(outputs: blocks[index - 1].project.outputs, stored: blocks[index - 1].image)
    }

    var norms: [BatchNorm] { units.map(\.outputs.norm) }

    /// Numbers kept for the way back.
    var activationCount: Int {
        units.reduce(0) { $0 + $1.outputs.values.count } + blocks.reduce(0) { $0 + $1.image.count }
    }

    private var units: [any TrainedUnit] {
        [stem, filter] + blocks.flatMap { [$0.expand, $0.filter, $0.project] as [any TrainedUnit] } + [trunk]
    }

    // MARK: Forth

    /// - Parameters:
    ///   - images: [clips][channels][rows][columns].
    ///   - features: receives the global convolution's outputs, [clips][trunkChannels].
    ///   - statistics: receives each batch norm's moments where the running ones lie.
    func forward(
        _ parameters: Parameters, images: FloatBuffer, features: UnsafeMutablePointer<Float>, statistics: FloatBuffer
    ) {
        for unit in units { unit.begin(parameters) }
        stem.forward(images, scratch: scratch.pointer)
        stem.outputs.norm.finish(parameters, statistics: statistics)
        filter.forward(stem.outputs, ring: ring)
        filter.outputs.norm.finish(parameters, statistics: statistics)
        for (index, block) in blocks.enumerated() {
            let input = image(before: index)
            block.expand.forward(input, scratch: scratch.pointer)
            block.expand.outputs.norm.finish(parameters, statistics: statistics)
            block.filter.forward(block.expand.outputs, ring: ring)
            block.filter.outputs.norm.finish(parameters, statistics: statistics)
            block.project.forward(
                TrainedImage(outputs: block.filter.outputs, stored: nil), scratch: scratch.pointer)
            block.project.outputs.norm.finish(parameters, statistics: statistics)
            store(block, input: input)
        }
        trunk.forward(image(before: blocks.count), scratch: scratch.pointer)
        trunk.outputs.norm.finish(parameters, statistics: statistics)
        convolveGlobally(parameters, features)
    }

    /// Writes a block's output image.
    private func store(_ block: Block, input: TrainedImage) {
        let plane = block.project.outputs.plane
        let rows = clips * plane.positions
        block.project.outputs.norm.activate(block.project.outputs.values.pointer, into: block.image.pointer, rows: rows)
        guard block.connects else { return }
        guard let stored = input.stored else { preconditionFailure("a block that connects reads no stored image") }
        let (source, target) = (stored.pointer, block.image.pointer)
        for index in 0..<rows * plane.channels { target[index] += source[index] }
    }

    private func convolveGlobally(_ parameters: Parameters, _ features: UnsafeMutablePointer<Float>) {
        let (positions, wide) = (trunk.outputs.plane.positions, trunk.outputs.plane.channels)
        FoldedNetwork.transpose(
            parameters.buffer.pointer + global.offset, rows: wide, columns: positions, globalWeights.pointer)
        var sums = [Double](repeating: 0, count: clips * wide)
        sums.withUnsafeMutableBufferPointer { sums in
            forEachTrunkChunk { clip, first, rows, a in
                let weights = globalWeights.pointer + first * wide
                for row in 0..<rows {
                    for c in 0..<wide {
                        sums[clip * wide + c] += Double(a[row * wide + c]) * Double(weights[row * wide + c])
                    }
                }
            }
            for index in sums.indices { features[index] = Float(sums[index]) }
        }
    }

    /// Calls `body` with the trunk's activation, chunk by chunk.
    private func forEachTrunkChunk(_ body: (Int, Int, Int, UnsafePointer<Float>) -> Void) {
        let positions = trunk.outputs.plane.positions
        let image = TrainedImage(outputs: trunk.outputs, stored: nil)
        for clip in 0..<clips {
            for first in stride(from: 0, to: positions, by: UnitOutputs.chunk) {
                let rows = min(UnitOutputs.chunk, positions - first)
                body(clip, first, rows, image.read(clip, first: first, rows: rows, scratch: scratch.pointer))
            }
        }
    }

    // MARK: Back

    /// - Parameters:
    ///   - featureGradient: [clips][trunkChannels].
    ///   - imageGradients: receives the gradient of the images; nil where no image learns.
    ///   - gradient: every parameter's gradient is added to it.
    func backward(
        featureGradient: UnsafePointer<Float>, images: FloatBuffer, imageGradients: FloatBuffer?, gradient: FloatBuffer
    ) {
        for unit in units { unit.outputs.norm.beginGradient() }
        leaveGlobally(featureGradient, gradient)
        trunk.backward(
            filtered, source: image(before: blocks.count), into: narrow.0, accumulates: false, gradient: gradient,
            scratch: scratch.pointer)
        for (index, block) in blocks.enumerated().reversed() {
            block.project.backward(
                narrow.0, source: TrainedImage(outputs: block.filter.outputs, stored: nil), into: filtered,
                accumulates: false,
                gradient: gradient, scratch: scratch.pointer)
            block.filter.backward(
                filtered, source: block.expand.outputs, into: expanded, gradient: gradient, ring: ring,
                scratch: scratch.pointer)
            // Where the block connects, its own output's gradient flows on unchanged: it lies in `narrow.0` already.
            block.expand.backward(
                expanded, source: image(before: index), into: block.connects ? narrow.0 : narrow.1,
                accumulates: block.connects, gradient: gradient, scratch: scratch.pointer)
            if !block.connects { narrow = (narrow.1, narrow.0) }
        }
        filter.backward(
            narrow.0, source: stem.outputs, into: expanded, gradient: gradient, ring: ring,
            scratch: scratch.pointer)
        stem.backward(
            expanded, images: images, imageGradients: imageGradients, gradient: gradient,
            scratch: scratch.pointer)
    }

    /// Back through the global convolution into `filtered`, as dL/dz of the trunk.
    private func leaveGlobally(_ featureGradient: UnsafePointer<Float>, _ gradient: FloatBuffer) {
        let (positions, wide) = (trunk.outputs.plane.positions, trunk.outputs.plane.channels)
        globalGradients.zero()
        forEachTrunkChunk { clip, first, rows, a in
            let g = filtered.pointer + (clip * positions + first) * wide
            let (incoming, weights) = (featureGradient + clip * wide, globalWeights.pointer + first * wide)
            let weightGradients = globalGradients.pointer + first * wide
            for row in 0..<rows {
                for c in row * wide..<(row + 1) * wide {
                    let d = incoming[c - row * wide]
                    g[c] = weights[c] * d
                    weightGradients[c] += a[c] * d
                }
            }
            trunk.outputs.norm.receive(g, trunk.outputs[clip] + first * wide, rows: rows)
        }
        let target = gradient.pointer + global.offset
        for c in 0..<wide {
            for position in 0..<positions {
                target[c * positions + position] += globalGradients.pointer[position * wide + c]
            }
        }
    }
}
