/// The sizes of Tgram: a long strided convolution, then three times layer norm over time, LeakyReLU and a convolution.
struct TgramShape {
    static let layers = 3
    static let leak: Float = 0.2
    static let epsilon = 1e-5

    let channels: Int
    let frames: Int
    let kernel: Int
    let stride: Int

    init(_ a: Architecture) {
        channels = a.melBands
        frames = a.frames
        kernel = a.tgramKernel
        stride = a.tgramStride
    }

    /// Zeros before and after the wave.
    var padding: Int { kernel / 2 }
}
