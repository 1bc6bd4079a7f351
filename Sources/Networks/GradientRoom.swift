internal import Tensors

/// The memory for gradients of activations on the way back.
///
/// The branches go back one after the other and share it: no gradient of one is needed once the next begins.
final class GradientRoom {
    private let floats: FloatBuffer

    /// - Parameter count: what the branch that needs most needs.
    init(count: Int) { floats = FloatBuffer(count: count) }

    /// Buffers of these lengths, one behind the other, each on a cache line of its own.
    func buffers(_ counts: [Int]) -> [FloatBuffer] {
        var end = 0
        return counts.map { count in
            defer { end = Self.aligned(end + count) }
            return FloatBuffer(of: floats, end..<end + count)
        }
    }

    /// What `buffers` takes for these lengths.
    static func count(_ counts: [Int]) -> Int { counts.reduce(0) { aligned($0 + $1) } }

    private static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
