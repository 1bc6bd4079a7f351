internal import Tensors

/// A batch norm at rest: y·scale + shift, from its gain, bias and running statistics.
struct FoldedNorm {
    static let epsilon: Float = 1e-5

    let scale: FloatBuffer
    let shift: FloatBuffer

    init(_ parameters: Parameters, _ name: String) {
        let channels = parameters.layout[name + ".weight"].count
        scale = FloatBuffer(count: channels)
        shift = FloatBuffer(count: channels)
        let (gain, bias) = (parameters.pointer(name + ".weight"), parameters.pointer(name + ".bias"))
        let (mean, variance) = (parameters.pointer(name + ".running_mean"), parameters.pointer(name + ".running_var"))
        for c in 0..<channels {
            scale.pointer[c] = gain[c] / (max(variance[c], 0) + Self.epsilon).squareRoot()
            shift.pointer[c] = bias[c] - mean[c] * scale.pointer[c]
        }
    }
}
