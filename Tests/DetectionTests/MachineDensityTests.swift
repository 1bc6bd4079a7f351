import Detection
import Networks
import Testing

@Suite struct MachineDensityTests {
    /// More clips than dimensions, and fewer.
    @Test(arguments: 0..<2) func recordedDensities(_ number: Int) throws {
        let fixture = try Fixture.load()
        func rows(_ name: String) throws -> [[Float]] {
            let tensor = try #require(fixture["density.\(number).\(name)"])
            let width = tensor.shape[1]
            return (0..<tensor.shape[0]).map { Array(tensor.values[($0 * width)..<(($0 + 1) * width)]) }
        }
        let density = try MachineDensity(fitting: try rows("train"), owner: "fan/id_00")
        let expected = try #require(fixture["density.\(number).mahalanobis"]).doubles
        let neighbours = try #require(fixture["density.\(number).neighbour"]).doubles
        for (row, embedding) in try rows("test").enumerated() {
            let distances = density.distances(of: embedding)
            #expect(abs(distances.mahalanobis - expected[row]) < 2e-6 * expected[row])
            #expect(abs(distances.neighbour - neighbours[row]) < 2e-6 * neighbours[row])
        }
    }

    @Test(arguments: 0..<2) func recordedShrinkage(_ number: Int) throws {
        let fixture = try Fixture.load()
        let train = try #require(fixture["density.\(number).train"])
        let (count, width) = (train.shape[0], train.shape[1])
        var rows = train.doubles
        for column in 0..<width {
            let values = (0..<count).map { train.doubles[$0 * width + column] }
            let mean = values.reduce(0, +) / Double(count)
            let scale = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot()
            for row in 0..<count { rows[row * width + column] = (values[row] - mean) / scale }
        }
        let expected = try #require(fixture["density.\(number).shrinkage"]).doubles[0]
        #expect(abs(ShrunkCovariance(ofCentred: rows, dimension: width).shrinkage - expected) < 1e-10)
    }

    /// W Σ Wᵀ = I.
    @Test func whiteningWhitens() throws {
        let rows = [1.0, 2, 0, -1, 1, 3, 0, -3, -3, 2, 0, 1, -2, 0, -1]
        let covariance = ShrunkCovariance(ofCentred: rows, dimension: 3)
        let w = try #require(covariance.whitening())
        func element(_ matrix: LowerTriangle, _ i: Int, _ j: Int) -> Double { matrix.values[i * (i + 1) / 2 + j] }
        func sigma(_ i: Int, _ j: Int) -> Double { element(covariance.lower, max(i, j), min(i, j)) }
        for i in 0..<3 {
            for j in 0..<3 {
                var sum = 0.0
                for k in 0...i { for l in 0...j { sum += element(w, i, k) * sigma(k, l) * element(w, j, l) } }
                #expect(abs(sum - (i == j ? 1 : 0)) < 1e-12)
            }
        }
    }

    @Test func trainingClipsAreTheirOwnNeighbours() throws {
        let clips: [[Float]] = (0..<8).map { [Float($0), Float($0 * $0 % 5), 7] }
        let density = try MachineDensity(fitting: clips, owner: "fan/id_00")
        #expect(density.distances(of: clips[3]).neighbour < 1e-5)
        #expect(density.distances(of: [100, 0, 7]).mahalanobis > 10)
    }

    @Test func tooFewClipsOrNoVariety() {
        let few = #expect(throws: ModelError.self) {
            try MachineDensity(fitting: [[1, 2]], owner: "fan/id_00")
        }
        #expect(few?.code == .tooFewClips)
        #expect(few?.reason.contains("fan/id_00") == true)
        let alike = #expect(throws: ModelError.self) {
            try MachineDensity(fitting: Array(repeating: [1, 2], count: 9), owner: "fan/id_00")
        }
        #expect(alike?.code == .noVariety)
    }

    /// A clip that lies apart scores high only where it was not part of the fit.
    @Test func heldOutScoresAreHeldOut() throws {
        var clips: [[Float]] = (0..<20).map { [Float($0 % 4), Float($0 % 5), Float($0 % 3)] }
        clips[7] = [50, -50, 50]
        let scores = try MachineDensity.heldOutScores(of: clips, owner: "fan/id_00")
        let fitted = try MachineDensity(fitting: clips, owner: "fan/id_00")
        #expect(scores.count == clips.count)
        #expect(scores.enumerated().max { $0.element < $1.element }?.offset == 7)
        #expect(scores[7] > 5 * fitted.distances(of: clips[7]).mahalanobis)
        #expect(try scores == MachineDensity.heldOutScores(of: clips, owner: "fan/id_00"))
    }
}
