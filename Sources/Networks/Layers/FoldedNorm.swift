internal import Tensors

/// A batch norm at rest: y·scale + shift, from its gain, bias and running statistics.
struct FoldedNorm {
    static let epsilon = 1e-5

    let scale: FloatBuffer
    let shift: FloatBuffer

    init(_ parameters: Parameters, _ name: String) {
        let channels = parameters.layout[name + ".weight"].count
        scale = FloatBuffer(count: channels)
        shift = FloatBuffer(count: channels)
        let (gain, bias) = (parameters.pointer(name + ".weight"), parameters.pointer(name + ".bias"))
        let (mean, variance) = (parameters.pointer(name + ".running_mean"), parameters.pointer(name + ".running_var"))
        for c in 0..<channels {
            let factor = Double(gain[c]) / (max(Double(variance[c]), 0) + Self.epsilon).squareRoot()
            scale.pointer[c] = Float(factor)
            shift.pointer[c] = Float(Double(bias[c]) - Double(mean[c]) * factor)
        }
    }

    /// One row of values, in place.
    func apply(_ y: UnsafeMutablePointer<Float>) {
        for c in 0..<scale.count { y[c] = y[c] * scale.pointer[c] + shift.pointer[c] }
    }
}
