internal import Tensors

/// What a unit's outputs become for the next convolution: computed again at each reading, or stored.
struct TrainedImage {
    let outputs: UnitOutputs
    /// A bottleneck's output, with the input added where it connects; nil where the activation is computed on the way.
    let stored: FloatBuffer?

    /// **Shapes**: returns [rows][channels], in the scratch or where it is stored.
    func read(
        _ clip: Int, first: Int, rows: Int, scratch: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        let plane = outputs.plane
        if let stored { return UnsafePointer(stored.pointer + clip * plane.count + first * plane.channels) }
        outputs.norm.activate(outputs[clip] + first * plane.channels, into: scratch, rows: rows)
        return UnsafePointer(scratch)
    }
}
