/// Embeddings that the averaged network made of clips of earlier batches: more for the contrastive loss to compare with.
///
/// The last few of each class are kept. No gradient flows into them.
///
/// Source: the memory pool of arXiv 2411.13001, carried over to clips.
package struct EmbeddingMemory: Sendable, Hashable {
    /// Of each class.
    package let limit: Int
    /// By class, oldest first; of unit length.
    package private(set) var classes: [[[Float]]]

    package init(classes: Int, limit: Int) {
        precondition(classes > 0 && limit > 0, "a memory of \(limit) embeddings of \(classes) classes")
        self.limit = limit
        self.classes = Array(repeating: [], count: classes)
    }

    /// - Parameters:
    ///   - embeddings: of unit length, [labels.count][size].
    ///   - labels: their classes.
    package mutating func add(_ embeddings: [Float], labels: [Int]) {
        let size = embeddings.count / max(labels.count, 1)
        for (index, label) in labels.enumerated() {
            classes[label].append(Array(embeddings[index * size..<(index + 1) * size]))
            if classes[label].count > limit { classes[label].removeFirst() }
        }
    }

    /// The class of every embedding, in the order of `matrix`.
    var labels: [Int] { classes.enumerated().flatMap { label, kept in kept.map { _ in label } } }

    /// Every embedding, a row each.
    func matrix(columns: Int) -> Matrix {
        let rows = classes.joined()
        return Matrix(rows: rows.count, columns: columns, rows.flatMap { $0 })
    }
}
