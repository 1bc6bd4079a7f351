/// The embeddings of a machine's normal training clips, to which a clip's distance is measured.
///
/// score = min over y of d(x, y) / density(y), with d = 1 − cosine and density(y) the mean distance of y to its nearest
/// neighbours in the bank: a clip in a sparse region is not anomalous for lying far from its neighbours.
///
/// Source: Wilkinghoff et al., "Local density-based anomaly score normalization", 2025.
package struct NeighbourBank: Sendable, Equatable {
    /// Neighbours that a density is taken over.
    package static let densityNeighbours = 4
    /// The least density, so that a clip that is there twice does not make all others anomalous.
    private static let leastDensity: Float = 1e-4

    package let size: Int
    /// Of unit length. **Shape** (clips, size).
    package let embeddings: [Float]
    private let densities: [Float]

    /// - Parameter embeddings: of unit length. **Shape** (clips, size), at least one clip.
    package init(embeddings: [Float], size: Int) {
        precondition(size > 0 && !embeddings.isEmpty && embeddings.count % size == 0, "\(embeddings.count) by \(size)")
        self.size = size
        self.embeddings = embeddings
        let count = embeddings.count / size
        densities = (0..<count).map { clip in
            let row = Array(embeddings[clip * size..<(clip + 1) * size])
            let others = Self.distances(row, embeddings, size).enumerated().filter { $0.offset != clip }.map(\.element)
            let nearest = others.sorted().prefix(Self.densityNeighbours)
            return max(nearest.reduce(0, +) / Float(max(nearest.count, 1)), Self.leastDensity)
        }
    }

    /// The distance to the nearest clip, and the score.
    package func measure(_ embedding: [Float]) -> (nearest: Double, score: Double) {
        let distances = Self.distances(embedding, embeddings, size)
        let scores = zip(distances, densities).map { $0 / $1 }
        return (Double(distances.min() ?? .infinity), Double(scores.min() ?? .infinity))
    }

    private static func distances(_ x: [Float], _ bank: [Float], _ size: Int) -> [Float] {
        stride(from: 0, to: bank.count, by: size).map { first in
            var dot: Float = 0
            for index in 0..<size { dot += x[index] * bank[first + index] }
            return max(1 - dot, 0)
        }
    }
}
