internal import Tensors

/// The first convolution of TFgram with its batch norm and ReLU, during training.
///
/// It makes 64 channels of one: its outputs are the largest image of the network and the cheapest to make, so they are
/// never stored but made from the wave again at each reading, to the same bits.
final class TrainedStart {
    let norm: BatchNorm
    let steps: Int
    var channels: Int { norm.channels }
    private let weight: ParameterLayout.Slice
    private let panels: Panels
    /// Per clip the samples, with `TFgramShape.padding` zeros before them and after them.
    private var waves: [UnsafePointer<Float>] = []

    init(_ shape: TFgramShape, _ layout: ParameterLayout) {
        weight = layout["TFgramNet.pre_conv0.weight"]
        panels = Panels(depth: TFgramShape.kernel, columns: shape.firstChannels)
        norm = BatchNorm(layout, "TFgramNet.pre_bn0")
        steps = shape.firstSteps
    }

    /// Packs the weights and takes the moments of all outputs.
    ///
    /// - Parameter scratch: room for a chunk's outputs, as in `leave`.
    func forward(
        _ parameters: Parameters, waves: [UnsafePointer<Float>], statistics: FloatBuffer,
        scratch: UnsafeMutablePointer<Float>
    ) {
        self.waves = waves
        panels.pack(parameters.buffer.pointer + weight.offset, depthStride: 1, columnStride: TFgramShape.kernel)
        norm.begin(parameters, rectifies: true)
        forEachChunk { clip, chunk in
            make(clip, chunk, into: scratch)
            norm.observe(scratch, rows: chunk.count)
        }
        norm.finish(parameters, statistics: statistics)
    }

    /// The outputs before the batch norm, [steps][channels].
    func make(_ clip: Int, _ steps: Range<Int>, into y: UnsafeMutablePointer<Float>) {
        Kernels.preciseProduct(
            waves[clip] + steps.lowerBound * TFgramShape.stride, aStride: TFgramShape.stride, panels, into: y,
            cStride: channels, rows: steps.count)
    }

    /// Adds the gradient of the weights, given dL/dz in `g`, [clips][steps][channels].
    func leave(_ g: UnsafePointer<Float>, gradient: FloatBuffer, scratch: UnsafeMutablePointer<Float>) {
        let kernel = TFgramShape.kernel
        // Whole vectors of samples: those beyond the kernel are left out at the end.
        let width = Panels.paddedCount(kernel)
        let dw = FloatBuffer(count: channels * width)
        forEachChunk { clip, chunk in
            make(clip, chunk, into: scratch)
            norm.combine(
                g + (clip * steps + chunk.lowerBound) * channels, scratch, into: scratch, rows: chunk.count)
            Kernels.productTransposed(
                scratch, aStride: channels, waves[clip] + chunk.lowerBound * TFgramShape.stride,
                bStride: TFgramShape.stride, into: dw.pointer, positions: chunk.count, rows: channels, columns: width)
        }
        let target = gradient.pointer + weight.offset
        for c in 0..<channels {
            for k in 0..<kernel { target[c * kernel + k] += dw.pointer[c * width + k] }
        }
    }

    private func forEachChunk(_ body: (Int, Range<Int>) -> Void) {
        for clip in waves.indices {
            for first in stride(from: 0, to: steps, by: TrainedWaveConvolution.chunk) {
                body(clip, first..<min(first + TrainedWaveConvolution.chunk, steps))
            }
        }
    }
}
