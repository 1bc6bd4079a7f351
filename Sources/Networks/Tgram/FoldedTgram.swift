internal import Tensors

/// Tgram with its weights packed.
struct FoldedTgram {
    let shape: TgramShape
    private let extractor: Panels
    private let layers: [(gain: FloatBuffer, bias: FloatBuffer, convolution: WinogradConvolution)]

    init(_ parameters: Parameters) {
        let shape = TgramShape(parameters.architecture)
        self.shape = shape
        extractor = Panels(depth: shape.kernel, columns: shape.channels)
        extractor.pack(
            parameters.pointer("tgramnet.conv_extrctor.weight"), depthStride: 1, columnStride: shape.kernel)
        layers = (0..<TgramShape.layers).map { layer in
            let name = "tgramnet.conv_encoder.\(layer)"
            let gain = FloatBuffer(count: shape.frames)
            let bias = FloatBuffer(count: shape.frames)
            gain.pointer.update(from: parameters.pointer(name + ".0.weight"), count: shape.frames)
            bias.pointer.update(from: parameters.pointer(name + ".0.bias"), count: shape.frames)
            return (
                gain, bias,
                WinogradConvolution(
                    parameters.pointer(name + ".2.weight"), inputs: shape.channels, outputs: shape.channels,
                    dilation: 1)
            )
        }
    }

    /// Returns where the image [frames][channels] lies in the scratch.
    ///
    /// - Parameter wave: the samples, with `shape.padding` zeros before them and after them.
    func apply(_ wave: UnsafePointer<Float>, scratch: TgramScratch) -> UnsafePointer<Float> {
        let (frames, channels) = (shape.frames, shape.channels)
        // The convolution reads one row before its output and one after: row 0 and row frames + 1 stay zero.
        let inner = scratch.padded.pointer + channels
        Kernels.product(
            wave, aStride: shape.stride, extractor, into: scratch.image.pointer, cStride: channels, rows: frames)
        for (gain, bias, convolution) in layers {
            LayerNorm.normalise(
                scratch.image.pointer, into: inner, rows: frames, channels: channels, scratch: scratch.moments.pointer)
            LayerNorm.activate(
                inner, into: inner, rows: frames, channels: channels, gain: gain.pointer, bias: bias.pointer)
            convolution.apply(
                scratch.padded.pointer, rows: frames, into: scratch.image.pointer, scratch: scratch.winograd)
        }
        return UnsafePointer(scratch.image.pointer)
    }
}

final class TgramScratch {
    let padded: FloatBuffer
    let image: FloatBuffer
    let moments: FloatBuffer
    let winograd: WinogradScratch

    init(_ shape: TgramShape) {
        padded = FloatBuffer(count: (shape.frames + 2 + 4) * shape.channels)
        image = FloatBuffer(count: shape.frames * shape.channels)
        moments = FloatBuffer(count: 3 * shape.channels)
        winograd = WinogradScratch(channels: shape.channels)
    }
}
