internal import Tensors

/// What a convolution makes of a shard's clips during training, and the batch norm that follows it.
///
/// Only the convolution's outputs y are kept for the way back: whoever needs their activation computes it again.
final class UnitOutputs {
    /// Positions that are worked on together, so that what is made of them stays in the second-level cache.
    static let chunk = 240

    let norm: BatchNorm
    let clips: Int
    let plane: Plane
    /// [clips][positions][channels]
    let values: FloatBuffer

    init(_ unit: ConvolutionUnit, _ layout: ParameterLayout, clips: Int) {
        norm = BatchNorm(layout, unit.norm, slope: unit.slope)
        self.clips = clips
        plane = unit.output
        values = FloatBuffer(count: clips * unit.output.count)
    }

    /// Where a clip's outputs begin.
    subscript(clip: Int) -> UnsafeMutablePointer<Float> { values.pointer + clip * plane.count }
}

/// A convolution unit during training.
protocol TrainedUnit: AnyObject {
    var outputs: UnitOutputs { get }

    /// Packs the weights and starts the batch norm.
    func begin(_ parameters: Parameters)
}
