internal import Tensors

/// Tgram during training; the outputs of each convolution are kept.
final class TrainedTgram {
    private let shape: TgramShape
    private let clips: Int
    private let extractor: ParameterLayout.Slice
    private let panels: Panels
    private let layers:
        [(gain: ParameterLayout.Slice, bias: ParameterLayout.Slice, convolution: TrainedWaveConvolution)]
    /// Per layer: what its layer norm reads, [clips][frames][channels].
    private let inputs: [FloatBuffer]
    private let normal: FloatBuffer
    private let padded: FloatBuffer
    private let paddedGradient: FloatBuffer
    private let moments: FloatBuffer
    private let winograd: WinogradScratch

    init(_ a: Architecture, _ layout: ParameterLayout, clips: Int) {
        let shape = TgramShape(a)
        self.shape = shape
        self.clips = clips
        extractor = layout["tgramnet.conv_extrctor.weight"]
        panels = Panels(depth: shape.kernel, columns: shape.channels)
        layers = (0..<TgramShape.layers).map { layer in
            let name = "tgramnet.conv_encoder.\(layer)"
            return (
                layout[name + ".0.weight"], layout[name + ".0.bias"],
                TrainedWaveConvolution(layout, name + ".2.weight", dilation: 1)
            )
        }
        inputs = layers.map { _ in FloatBuffer(count: clips * shape.frames * shape.channels) }
        normal = FloatBuffer(count: shape.frames * shape.channels)
        padded = FloatBuffer(count: (shape.frames + 8) * shape.channels)
        paddedGradient = FloatBuffer(count: (shape.frames + 8) * shape.channels)
        moments = FloatBuffer(count: 3 * shape.channels)
        winograd = WinogradScratch(channels: shape.channels, tiles: (shape.frames + 3) / 4)
    }

    /// Numbers kept for the way back.
    var activationCount: Int { inputs.reduce(0) { $0 + $1.count } }

    private func input(_ layer: Int, _ clip: Int) -> UnsafeMutablePointer<Float> {
        inputs[layer].pointer + clip * shape.frames * shape.channels
    }

    /// - Parameters:
    ///   - wave: per clip the samples with `shape.padding` zeros before them and after them.
    ///   - images: receives [clips][frames][channels].
    func forward(
        _ parameters: Parameters, wave: (Int) -> UnsafePointer<Float>, images: FloatBuffer
    ) {
        let (frames, channels) = (shape.frames, shape.channels)
        panels.pack(parameters.buffer.pointer + extractor.offset, depthStride: 1, columnStride: shape.kernel)
        for layer in layers { layer.convolution.begin(parameters) }
        for clip in 0..<clips {
            Kernels.preciseProduct(
                wave(clip), aStride: shape.stride, panels, into: input(0, clip), cStride: channels, rows: frames)
            for index in layers.indices {
                activate(parameters, index, clip)
                let y =
                    index + 1 < layers.count
                    ? input(index + 1, clip) : images.pointer + clip * frames * channels
                layers[index].convolution.forward(padded.pointer, rows: frames, into: y)
            }
        }
    }

    /// Leaves the normalised input of a layer in `normal` and its activation in the middle of `padded`.
    private func activate(_ parameters: Parameters, _ layer: Int, _ clip: Int) {
        let weights = parameters.buffer.pointer
        LayerNorm.normalise(
            input(layer, clip), into: normal.pointer, rows: shape.frames, channels: shape.channels,
            scratch: moments.pointer)
        LayerNorm.activate(
            normal.pointer, into: padded.pointer + shape.channels, rows: shape.frames, channels: shape.channels,
            gain: weights + layers[layer].gain.offset, bias: weights + layers[layer].bias.offset)
    }

    /// - Parameter imageGradients: dL/dimage, [clips][frames][channels].
    func backward(
        _ parameters: Parameters, wave: (Int) -> UnsafePointer<Float>, imageGradients: FloatBuffer,
        gradient: FloatBuffer
    ) {
        let (frames, channels) = (shape.frames, shape.channels)
        let inner = paddedGradient.pointer + channels
        let dx = FloatBuffer(count: frames * channels)
        let width = Panels.paddedCount(shape.kernel)
        let dw = FloatBuffer(count: channels * width)
        for clip in 0..<clips {
            inner.update(from: imageGradients.pointer + clip * frames * channels, count: frames * channels)
            for layer in layers.indices.reversed() {
                activate(parameters, layer, clip)
                layers[layer].convolution.backward(
                    paddedGradient.pointer, padded.pointer, rows: frames, into: dx.pointer, scratch: winograd)
                leaveNorm(parameters, layer, dx.pointer, into: inner, gradient: gradient)
            }
            // Whole vectors of samples: those beyond the kernel are left out at the end.
            Kernels.productTransposed(
                inner, aStride: channels, wave(clip), bStride: shape.stride, into: dw.pointer, positions: frames,
                rows: channels, columns: width)
        }
        let target = gradient.pointer + extractor.offset
        for c in 0..<channels {
            for k in 0..<shape.kernel { target[c * shape.kernel + k] += dw.pointer[c * width + k] }
        }
        for layer in layers { layer.convolution.finish(gradient) }
    }

    /// From dL/da of a layer to dL/dy of the convolution before it; `normal` and `moments` are still the layer's.
    private func leaveNorm(
        _ parameters: Parameters, _ layer: Int, _ da: UnsafeMutablePointer<Float>,
        into dy: UnsafeMutablePointer<Float>, gradient: FloatBuffer
    ) {
        let (frames, channels) = (shape.frames, shape.channels)
        let (gainSlice, biasSlice, _) = layers[layer]
        let weights = parameters.buffer.pointer
        let (inverse, sums) = (moments.pointer + 2 * channels, moments.pointer)
        let products = sums + channels
        sums.update(repeating: 0, count: 2 * channels)
        for row in 0..<frames {
            let (gain, bias) = (weights[gainSlice.offset + row], weights[biasSlice.offset + row])
            let (g, x) = (da + row * channels, normal.pointer + row * channels)
            var (gainGradient, biasGradient): (Float, Float) = (0, 0)
            for c in 0..<channels {
                let dz = gain * x[c] + bias > 0 ? g[c] : TgramShape.leak * g[c]
                gainGradient += dz * x[c]
                biasGradient += dz
                g[c] = dz * gain
                sums[c] += g[c]
                products[c] += g[c] * x[c]
            }
            gradient.pointer[gainSlice.offset + row] += gainGradient
            gradient.pointer[biasSlice.offset + row] += biasGradient
        }
        for row in 0..<frames {
            let (g, x, target) = (da + row * channels, normal.pointer + row * channels, dy + row * channels)
            for c in 0..<channels {
                target[c] = inverse[c] * (g[c] - (sums[c] + x[c] * products[c]) / Float(frames))
            }
        }
    }
}
