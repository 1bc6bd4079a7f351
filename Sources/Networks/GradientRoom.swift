internal import Tensors

/// The memory for gradients of activations on the way back.
///
/// The branches go back one after the other and share it: no gradient of one is needed once the next begins. For the same
/// reason the backbones of one thread can share it.
package final class GradientRoom {
    private let floats: FloatBuffer

    /// As much as the branch takes that takes most.
    init(_ a: Architecture, clips: Int) { floats = FloatBuffer(count: Self.count(a, clips: clips)) }

    func fits(_ a: Architecture, clips: Int) -> Bool { floats.count >= Self.count(a, clips: clips) }

    private static func count(_ a: Architecture, clips: Int) -> Int {
        let mobileFaceNet = count(TrainedMobileFaceNet.gradientCounts(a, clips: clips))
        guard a.channels.contains(.tfgram) else { return mobileFaceNet }
        return max(mobileFaceNet, count(TrainedTFgram.gradientCounts(a, clips: clips)))
    }

    /// Buffers of these lengths, one behind the other, each on a cache line of its own.
    func buffers(_ counts: [Int]) -> [FloatBuffer] {
        var end = 0
        return counts.map { count in
            defer { end = Self.aligned(end + count) }
            return FloatBuffer(of: floats, end..<end + count)
        }
    }

    /// What `buffers` takes for these lengths.
    private static func count(_ counts: [Int]) -> Int { counts.reduce(0) { aligned($0 + $1) } }

    private static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
