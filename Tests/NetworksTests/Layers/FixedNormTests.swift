import Networks
import Tensors
import Testing

/// Batch norms that stand still while the network is trained.
@Suite struct FixedNormTests {
    private let small: SmallNetwork
    private let labels: [Int]

    init() throws {
        small = try SmallNetwork()
        labels = try small.integers("label")
    }

    private func backbone() throws -> Backbone {
        let a = small.architecture
        let backbone = Backbone(a, clips: labels.count)
        for clip in labels.indices {
            backbone.load(
                clip, logMel: try small.clip("mel", clip, count: a.melBands * a.frames),
                wave: try small.clip("wave", clip, count: a.waveSamples))
        }
        return backbone
    }

    @Test func theyHearAsTheNetworkDoesAtRest() throws {
        let backbone = try backbone()
        let gradient = FloatBuffer(count: small.parameters.layout.count)
        backbone.fixesNorms = true
        let features = backbone.forward(small.parameters, statistics: gradient)
        let targets = Tail.Targets(labels: labels, mixedLabels: labels, shares: labels.map { _ in 1 })
        let outcome = Tail(small.architecture, clips: labels.count).step(
            small.parameters, features: features, targets: targets, gradient: gradient, fixesNorms: true)
        #expect(distance(outcome.embeddings, try small.values("rest.embedding")) < 1e-5)
        // The statistics stand still, to the last bit.
        let range = small.parameters.layout.trainedCount..<small.parameters.layout.count
        #expect(range.allSatisfy { gradient.pointer[$0] == small.parameters.buffer.pointer[$0] })
        // And they move again when they are let go.
        backbone.fixesNorms = false
        let moving = FloatBuffer(count: small.parameters.layout.count)
        #expect(backbone.forward(small.parameters, statistics: moving) != features)
    }

    /// The slope of Σ weight·feature along random directions, against its central difference.
    @Test func theirGradientIsTheSlope() throws {
        let backbone = try backbone()
        backbone.fixesNorms = true
        let (parameters, layout) = (small.parameters, small.parameters.layout)
        let statistics = FloatBuffer(count: layout.count)
        var random = CounterRandom(3)
        let weights = backbone.forward(parameters, statistics: statistics).map { _ in Float(random.nextNormal()) }
        let gradient = FloatBuffer(count: layout.count)
        backbone.backward(parameters, featureGradient: weights, gradient: gradient)
        for direction in 0..<4 {
            let step = (0..<layout.trainedCount).map { _ in Float(random.nextNormal()) }
            func value(_ size: Float) -> Double {
                let moved = parameters.copy()
                for index in step.indices { moved.buffer.pointer[index] += size * step[index] }
                return zip(backbone.forward(moved, statistics: statistics), weights).reduce(0) {
                    $0 + Double($1.0) * Double($1.1)
                }
            }
            let slope = step.indices.reduce(0.0) { $0 + Double(gradient.pointer[$1]) * Double(step[$1]) }
            let length = gradient.values.prefix(layout.trainedCount).reduce(0.0) { $0 + Double($1) * Double($1) }
            let difference = (value(1e-4) - value(-1e-4)) / 2e-4
            // A random direction sees about the gradient's length.
            #expect(
                abs(slope - difference) < 0.02 * length.squareRoot(), "direction \(direction): \(slope), \(difference)")
        }
    }

    @Test func theTailsNormIsAScaleAndAShift() {
        let norm = TailNorm(small.parameters.layout, "head.head.2")
        let rows = 3
        let width = small.architecture.hiddenSize
        let floats = (0..<rows * width).map { Float($0 % 7) - 3 }
        let y = Matrix(rows: rows, columns: width, floats)
        let statistics = FloatBuffer(count: small.parameters.layout.count)
        let (z, memory) = norm.forward(small.parameters, y, statistics: statistics, isFixed: true)
        func tensor(_ name: String) -> UnsafeMutablePointer<Float> { small.parameters.pointer("head.head.2." + name) }
        let dy = norm.backward(small.parameters, y, memory, gradient: FloatBuffer(count: statistics.count))
        for row in 0..<rows {
            for c in 0..<width {
                let scale = Double(tensor("weight")[c]) / (Double(tensor("running_var")[c]) + 1e-5).squareRoot()
                let expected = scale * (y[row, c] - Double(tensor("running_mean")[c])) + Double(tensor("bias")[c])
                #expect(abs(z[row, c] - expected) < 1e-9)
                #expect(abs(dy[row, c] - scale * y[row, c]) < 1e-9)
            }
        }
    }
}
