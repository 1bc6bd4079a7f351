internal import Tensors

/// The sum of buffers that arrive in any order, always added in the same one: a binary tree over their indices.
///
/// Neighbours 2k and 2k + 1 are added as soon as both are there, then their sums, and so on; one without a neighbour moves
/// up alone. Float addition is not associative, so this order is part of the result.
struct TreeSum {
    private let count: Int
    /// Sums that wait for their neighbour, by level and index.
    private var waiting: [Node: FloatBuffer] = [:]
    /// Complete once all have been added.
    private(set) var total: FloatBuffer?

    private struct Node: Hashable {
        var level: Int
        var index: Int
    }

    init(count: Int) {
        precondition(count > 0, "a sum of nothing")
        self.count = count
    }

    /// Takes in the buffer with that index, once; it becomes part of the sum and must not be used any more.
    mutating func add(_ buffer: FloatBuffer, at index: Int) {
        var node = Node(level: 0, index: index)
        var (sum, width) = (buffer, count)
        while width > 1 {
            let isLast = node.index == width - 1
            if !(isLast && node.index % 2 == 0) {
                guard let other = waiting.removeValue(forKey: Node(level: node.level, index: node.index ^ 1)) else {
                    waiting[node] = sum
                    return
                }
                let (left, right) = node.index % 2 == 0 ? (sum, other) : (other, sum)
                left.add(right)
                sum = left
            }
            node = Node(level: node.level + 1, index: node.index / 2)
            width = (width + 1) / 2
        }
        total = sum
    }
}

extension FloatBuffer {
    /// Adds the other buffer, element by element.
    func add(_ other: FloatBuffer) {
        precondition(count == other.count, "adding \(other.count) floats to \(count)")
        let (a, b) = (pointer, other.pointer)
        for index in 0..<count { a[index] += b[index] }
    }

    /// The Euclidean length of the first elements; not finite where one of them is not.
    func norm(first count: Int) -> Double {
        let a = pointer
        var sum = 0.0
        for index in 0..<count { sum += Double(a[index]) * Double(a[index]) }
        return sum.squareRoot()
    }
}
