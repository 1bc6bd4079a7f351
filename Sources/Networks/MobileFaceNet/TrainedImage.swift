internal import Tensors

/// What a unit's outputs become for the next convolution: computed again at each reading, or stored.
struct TrainedImage {
    let unit: TrainedUnit
    /// A bottleneck's output, with the input added where it connects; nil where the activation is computed on the way.
    let stored: FloatBuffer?

    /// **Shapes**: returns [rows][channels], in the scratch or where it is stored.
    func read(
        _ clip: Int, first: Int, rows: Int, scratch: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        let channels = unit.unit.output.channels
        if let stored { return UnsafePointer(stored.pointer + clip * unit.unit.output.count + first * channels) }
        unit.norm.activate(unit.output(clip) + first * channels, into: scratch, rows: rows)
        return UnsafePointer(scratch)
    }
}

/// Three rows on their way through a 3×3 filter, and a row of zeros for what lies outside.
final class TrainedRing {
    private let rows: FloatBuffer
    private let zero: FloatBuffer
    private let length: Int

    init(length: Int) {
        self.length = length
        rows = FloatBuffer(count: 3 * length)
        zero = FloatBuffer(count: length)
    }

    subscript(row: Int) -> UnsafeMutablePointer<Float> { rows.pointer + row % 3 * length }

    func reading(_ row: Int, of count: Int) -> UnsafePointer<Float> {
        (0..<count).contains(row) ? UnsafePointer(self[row]) : UnsafePointer(zero.pointer)
    }
}
