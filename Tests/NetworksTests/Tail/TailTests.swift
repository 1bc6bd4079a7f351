import Networks
import Tensors
import Testing

/// The losses and layers of the tail: reference values, and central differences, which double precision makes sharp.
@Suite struct TailTests {
    /// Published with the method.
    @Test func contrastiveLossOfTheReference() {
        var z = Matrix(
            rows: 5, columns: 4, [3, 1, 0, 2, 2, 2, 1, 0, 0, 1, 3, 1, 1, 0, 2, 2, -1, 2, 0, 1])
        _ = z.normaliseRows()
        let (loss, _) = Contrastive().loss(z, labels: [0, 0, 1, 1, 2])
        #expect(abs(loss - 6.691809821e-4) < 1e-12)
    }

    @Test(arguments: [
        (1, 0.921060994), (0.9, 0.659211375), (0.5, 0.123284320), (0, -0.389418342), (-0.5, -0.797776674),
        (-0.92, -0.999996312), (-0.93, -1.085767337), (-1, -1.155767337),
    ])
    func margin(cosine: Double, expected: Double) {
        #expect(abs(ArcFace().margined(cosine) - expected) < 1e-6)
        let slope = (ArcFace().margined(cosine + 1e-6) - ArcFace().margined(cosine - 1e-6)) / 2e-6
        guard abs(cosine) < 0.95, abs(cosine + 0.921) > 1e-3 else { return }
        #expect(abs(ArcFace().marginedSlope(cosine) - slope) < 1e-5)
    }

    /// At the ends, where the slope of the root is infinite, ours is finite.
    @Test func slopesAreBounded() {
        for cosine in [-1.0, 1, 1 + 1e-12] { #expect(ArcFace().marginedSlope(cosine).isFinite) }
        #expect(ArcFace().margined(1 + 1e-12).isFinite)
    }

    /// A copy of a unit vector per clip: no denominator underflows, and a clip without partners counts as zero.
    @Test func contrastiveLossOfOppositeClips() {
        let z = Matrix(rows: 3, columns: 2, [1, 0, -1, 0, -1, 0])
        let (loss, gradient) = Contrastive().loss(z, labels: [0, 1, 2])
        #expect(loss == 0 && gradient.values.allSatisfy { $0 == 0 })
        let (paired, slopes) = Contrastive().loss(z, labels: [0, 0, 1])
        #expect(paired.isFinite && slopes.values.allSatisfy(\.isFinite))
    }

    private static func architecture(subCentres: Int) -> Architecture {
        var a = Architecture(channels: [.logMel], classes: 5)
        (a.melBands, a.frames, a.stemChannels, a.trunkChannels, a.embeddingSize, a.hiddenSize, a.subCentres) = (
            7, 9, 16, 32, 16, 16, subCentres
        )
        a.stages = [Architecture.Stage(expansion: 1, channels: 16, repeats: 1)]
        return a
    }

    /// Cross-entropy with margin and mixed labels, contrastive term, teacher, sub-centres, unit length, dense layers, batch
    /// norms: the gradient of every parameter and of the features.
    @Test(arguments: [2, 7, 8, 9], [1, 3])
    func agreesWithCentralDifferences(clips: Int, subCentres: Int) {
        let a = Self.architecture(subCentres: subCentres)
        let parameters = Parameters(a, seed: 3)
        var random = CounterRandom(4, UInt64(clips))
        let features = (0..<clips * a.trunkChannels).map { _ in Float(random.nextNormal()) }
        let labels = (0..<clips).map { $0 % 3 }
        let targets = Tail.Targets(
            labels: labels, mixedLabels: labels.map { ($0 + 1) % 5 },
            shares: (0..<clips).map { _ in Float(random.nextUnit()) },
            teacher: ((0..<clips * 5).map { _ in Float(random.nextNormal()) }, weight: 0.01))
        let tail = Tail(a, clips: clips)
        let gradient = FloatBuffer(count: parameters.layout.count)
        let outcome = tail.step(parameters, features: features, targets: targets, gradient: gradient)
        #expect(outcome.consistency > 0)
        func loss(_ parameters: Parameters, _ features: [Float]) -> Double {
            let unused = FloatBuffer(count: parameters.layout.count)
            return tail.step(parameters, features: features, targets: targets, gradient: unused).loss
        }
        // Small steps, for the temperature bends the loss sharply; what rounding to float makes of a step is what counts.
        func sides(_ values: [Float]) -> (up: [Float], down: [Float]) {
            let steps = values.map { _ in Float(random.nextUnit() < 0.5 ? -0x1p-19 : 0x1p-19) }
            return (zip(values, steps).map { $0 + $1 }, zip(values, steps).map { $0 - $1 })
        }
        func check(_ name: String, _ gradient: [Float], _ sides: (up: [Float], down: [Float]), _ slope: Double) {
            let steps = zip(sides.up, sides.down).map { (Double($0) - Double($1)) / 2 }
            let products = zip(gradient, steps).map { Double($0) * $1 }
            let (expected, size) = (products.reduce(0, +), products.reduce(0) { $0 + abs($1) })
            #expect(abs(slope - expected) < 1e-3 * size + 1e-11, "seed 4, \(name): \(slope) instead of \(expected)")
        }
        let moved = sides(features)
        check(
            "features", outcome.featureGradient, moved,
            (loss(parameters, moved.up) - loss(parameters, moved.down)) / 2)
        let names = ["head.", "arcface.", "mobilefacenet.linear1.", "mobilefacenet.linear7.bn."]
        for slice in parameters.layout.trained where names.contains(where: slice.name.hasPrefix) {
            let moved = sides(slice.range.map { parameters.buffer.pointer[$0] })
            let losses = [moved.up, moved.down].map { values in
                let other = parameters.copy()
                for (offset, value) in zip(slice.range, values) { other.buffer.pointer[offset] = value }
                return loss(other, features)
            }
            check(slice.name, slice.range.map { gradient.pointer[$0] }, moved, (losses[0] - losses[1]) / 2)
        }
    }

    /// No statistics of a batch leave the embeddings of unit length but otherwise untouched.
    @Test func unitLength() {
        var rows = Matrix(rows: 2, columns: 3, [3, 0, 4, 0, 0, 0])
        #expect(rows.normaliseRows() == [5, 1e-12])
        #expect(rows.values == [0.6, 0, 0.8, 0, 0, 0])
        var g = Matrix(rows: 2, columns: 3, [1, 2, 3, 1, 1, 1])
        g.projectRows(rows, lengths: [5, 1e-12])
        let along = 0.6 * 1 + 0.8 * 3
        for (value, expected) in zip(g.values[..<3], [1 - 0.6 * along, 2, 3 - 0.8 * along]) {
            #expect(abs(value - expected / 5) < 1e-15)
        }
    }
}
