/// The Gaussian of one machine's normal embeddings, with the embeddings themselves as neighbours.
///
/// An embedding e is brought to one measure per dimension, z = (e − mean)/scale; its score is the Mahalanobis distance
/// ‖Wz‖ and its neighbour distance is the smallest ‖z − zᵢ‖ over the training clips i.
package struct MachineDensity: Sendable, Equatable {
    /// The smallest scale of a dimension, dB: a band that never moved in training is not worth more than this.
    static let smallestScale = 1e-3
    /// The fewest clips that have a covariance.
    private static let fewestClips = 2

    /// **Shape** (dimension).
    let mean: [Float]
    /// **Shape** (dimension), positive.
    let scale: [Float]
    /// W, zero above the diagonal. **Shape** (dimension, dimension).
    let whitening: [Float]
    /// zᵢ. **Shape** (clips, dimension).
    let neighbours: [Float]

    var dimension: Int { mean.count }

    /// The same density; its neighbour distances are infinite.
    var withoutNeighbours: MachineDensity {
        MachineDensity(mean: mean, scale: scale, whitening: whitening, neighbours: [])
    }

    init(mean: [Float], scale: [Float], whitening: [Float], neighbours: [Float]) {
        let dimension = mean.count
        precondition(scale.count == dimension, "\(scale.count) scales for \(dimension) dimensions")
        precondition(whitening.count == dimension * dimension, "\(whitening.count) is not \(dimension)²")
        precondition(neighbours.count.isMultiple(of: dimension), "\(neighbours.count) in rows of \(dimension)")
        self.mean = mean
        self.scale = scale
        self.whitening = whitening
        self.neighbours = neighbours
    }

    /// Fits the density; equal embeddings in equal order give equal bits.
    ///
    /// Deviations are those of the population (divided by n).
    ///
    /// - Parameters:
    ///   - embeddings: one per normal clip, each of one and the same length.
    ///   - owner: the machine, as errors name it.
    ///
    /// Throws `.tooFewClips` below two and `.noVariety` when all clips sound the same.
    package init(fitting embeddings: [[Float]], owner: String) throws(ModelError) {
        guard embeddings.count >= Self.fewestClips else {
            throw ModelError(
                .tooFewClips,
                "\(owner) has \(embeddings.count) usable normal clips for training; "
                    + "a density needs \(Self.fewestClips) or more")
        }
        let dimension = embeddings[0].count
        precondition(embeddings.allSatisfy { $0.count == dimension }, "\(owner): embeddings differ in length")
        let count = Double(embeddings.count)
        var mean = [Double](repeating: 0, count: dimension)
        for embedding in embeddings { for i in 0..<dimension { mean[i] += Double(embedding[i]) / count } }
        var variance = [Double](repeating: 0, count: dimension)
        for embedding in embeddings {
            for i in 0..<dimension {
                let difference = Double(embedding[i]) - mean[i]
                variance[i] += difference * difference / count
            }
        }
        let deviations = variance.map { $0.squareRoot() }
        let scale = deviations.map { max($0, Self.smallestScale) }
        var rows: [Double] = []
        rows.reserveCapacity(embeddings.count * dimension)
        for embedding in embeddings {
            for i in 0..<dimension { rows.append((Double(embedding[i]) - mean[i]) / scale[i]) }
        }
        guard deviations.contains(where: { $0 > Self.smallestScale }),
            let whitening = ShrunkCovariance(ofCentred: rows, dimension: dimension).whitening()
        else {
            throw ModelError(
                .noVariety,
                "the \(embeddings.count) normal training clips of \(owner) all sound the same; "
                    + "record it at different times")
        }
        self.init(
            mean: mean.map { Float($0) }, scale: scale.map { Float($0) }, whitening: whitening.square.map { Float($0) },
            neighbours: rows.map { Float($0) })
    }

    /// The Mahalanobis distance of an embedding and its distance to the nearest training clip.
    ///
    /// **Shape** `embedding` (dimension).
    package func distances(of embedding: [Float]) -> (mahalanobis: Double, neighbour: Double) {
        let d = dimension
        precondition(embedding.count == d, "an embedding of \(embedding.count), not \(d)")
        let z = (0..<d).map { (Double(embedding[$0]) - Double(mean[$0])) / Double(scale[$0]) }
        return z.withUnsafeBufferPointer { z in (mahalanobis(z), nearestNeighbour(z)) }
    }

    private func mahalanobis(_ z: UnsafeBufferPointer<Double>) -> Double {
        whitening.withUnsafeBufferPointer { whitening in
            var square = 0.0
            for i in 0..<z.count {
                var sum = 0.0
                for j in 0...i { sum += Double(whitening[i * z.count + j]) * z[j] }
                square += sum * sum
            }
            return square.squareRoot()
        }
    }

    private func nearestNeighbour(_ z: UnsafeBufferPointer<Double>) -> Double {
        neighbours.withUnsafeBufferPointer { neighbours in
            var nearest = Double.infinity
            for first in stride(from: 0, to: neighbours.count, by: z.count) {
                var square = 0.0
                for i in 0..<z.count {
                    let difference = z[i] - Double(neighbours[first + i])
                    square += difference * difference
                }
                nearest = min(nearest, square)
            }
            return nearest.squareRoot()
        }
    }
}

extension MachineDensity {
    /// The score of every embedding by a density fitted without it.
    ///
    /// The clips are cut, in their order, into as equal blocks as there are folds; each block is scored by the density of
    /// the others. Clips recorded together follow each other in a dataset, so blocks are stricter than a random choice.
    /// A density of fewer clips scores a little higher than the final one: a threshold from these scores errs towards
    /// silence.
    ///
    /// - Parameter folds: at least 2.
    package static func heldOutScores(
        of embeddings: [[Float]], folds: Int = 10, owner: String
    ) throws(ModelError) -> [Double] {
        precondition(folds >= 2, "\(folds) folds hold nothing out")
        var scores: [Double] = []
        for fold in 0..<folds {
            let block = (fold * embeddings.count / folds)..<((fold + 1) * embeddings.count / folds)
            guard !block.isEmpty else { continue }
            let others = Array(embeddings[..<block.lowerBound] + embeddings[block.upperBound...])
            let density = try MachineDensity(fitting: others, owner: owner)
            scores += embeddings[block].map { density.distances(of: $0).mahalanobis }
        }
        return scores
    }
}

extension LowerTriangle {
    /// With the zeros above the diagonal. **Shape** (dimension, dimension).
    fileprivate var square: [Double] {
        (0..<dimension).flatMap { row in
            values[Self.count(row)..<Self.count(row + 1)] + repeatElement(0, count: dimension - row - 1)
        }
    }
}
