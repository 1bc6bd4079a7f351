private import Glibc
package import Tensors

/// Self-attention over the mel bands of a clip: an image in which every band is a mixture of the bands it looks at.
///
/// n = each band's row, with mean 0 and deviation 1 over time; Q = n·Wqᵀ, K = n·Wkᵀ; A = softmax(Q·Kᵀ / √size), row by row;
/// image = A·x. The values are the decibels themselves, so that A[i][j] says how much of band j is heard in band i: it is
/// kept to explain a score. The log-mel learns nothing, so the way back ends at the two weights.
///
/// One thread uses an object at a time.
///
/// Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, with bands as tokens.
package final class FrequencyAttention {
    private let bands: Int
    private let frames: Int
    private let size: Int
    /// `frames` rounded up to whole vectors; what lies beyond them is zero.
    private let stride: Int
    /// The clip as [frames][bands], and its keys, packed for a product.
    private let clipPanels: Panels
    private let keyPanels: Panels
    private let normal: FloatBuffer
    private let queries: FloatBuffer
    private let keys: FloatBuffer
    private let weights: FloatBuffer
    /// Only on the way back.
    private let backward: Backward?

    /// Both weights, packed; never written to once they are made.
    package struct Projections {
        fileprivate let query: Panels
        fileprivate let key: Panels

        package init(_ parameters: Parameters) {
            func packed(_ name: String) -> Panels {
                let slice = parameters.layout[name]
                let panels = Panels(depth: slice.shape[1], columns: slice.shape[0])
                panels.pack(parameters.buffer.pointer + slice.offset, depthStride: 1, columnStride: slice.shape[1])
                return panels
            }
            query = packed("attention.query.weight")
            key = packed("attention.key.weight")
        }
    }

    private struct Backward {
        /// The clip as [bands][frames] for dA = dimage·xᵀ, and the keys as [bands][size] for dQ = dS·K.
        let clipPanels: Panels
        let keyPanels: Panels
        let slopes: FloatBuffer
        let queryGradients: FloatBuffer
        let keyGradients: FloatBuffer
        let projectionGradients: (query: FloatBuffer, key: FloatBuffer)
    }

    package init(_ a: Architecture, trains: Bool) {
        (bands, frames, size) = (a.melBands, a.frames, a.attentionSize)
        stride = Panels.paddedCount(frames)
        clipPanels = Panels(depth: bands, columns: frames)
        keyPanels = Panels(depth: size, columns: bands)
        normal = FloatBuffer(count: bands * stride)
        queries = FloatBuffer(count: bands * size)
        keys = FloatBuffer(count: bands * size)
        weights = FloatBuffer(count: bands * bands)
        guard trains else {
            backward = nil
            return
        }
        backward = Backward(
            clipPanels: Panels(depth: frames, columns: bands), keyPanels: Panels(depth: bands, columns: size),
            slopes: FloatBuffer(count: bands * bands), queryGradients: FloatBuffer(count: bands * size),
            keyGradients: FloatBuffer(count: bands * size),
            projectionGradients: (FloatBuffer(count: size * stride), FloatBuffer(count: size * stride)))
    }

    /// The attention of the last clip, [bands][bands]; each row sums to one.
    package var attention: [Float] { weights.values }

    /// **Shapes**: x and image [bands][frames].
    package func forward(
        _ x: UnsafePointer<Float>, _ projections: Projections, into image: UnsafeMutablePointer<Float>
    ) {
        attend(x, projections)
        clipPanels.pack(x, depthStride: frames, columnStride: 1)
        Kernels.product(weights.pointer, aStride: bands, clipPanels, into: image, cStride: frames, rows: bands)
    }

    /// Leaves normal rows, queries, keys and attention in their buffers.
    private func attend(_ x: UnsafePointer<Float>, _ projections: Projections) {
        for band in 0..<bands { normalise(x + band * frames, into: normal.pointer + band * stride) }
        for (panels, target) in [(projections.query, queries), (projections.key, keys)] {
            Kernels.product(normal.pointer, aStride: stride, panels, into: target.pointer, cStride: size, rows: bands)
        }
        keyPanels.pack(keys.pointer, depthStride: 1, columnStride: size)
        Kernels.product(
            queries.pointer, aStride: size, keyPanels, into: weights.pointer, cStride: bands, rows: bands)
        let scale = 1 / Float(size).squareRoot()
        for band in 0..<bands {
            let row = weights.pointer + band * bands
            var largest = row[0]
            for index in 1..<bands { largest = max(largest, row[index]) }
            var sum: Float = 0
            for index in 0..<bands {
                row[index] = expf((row[index] - largest) * scale)
                sum += row[index]
            }
            for index in 0..<bands { row[index] /= sum }
        }
    }

    /// (x − mean) / √(variance + 1e−5) over time.
    private func normalise(_ x: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
        let count = Double(frames)
        let mean = (0..<frames).reduce(0) { $0 + Double(x[$1]) } / count
        let variance = (0..<frames).reduce(0) { $0 + (Double(x[$1]) - mean) * (Double(x[$1]) - mean) } / count
        let inverse = 1 / (variance + BatchNorm.epsilon).squareRoot()
        for frame in 0..<frames { target[frame] = Float((Double(x[frame]) - mean) * inverse) }
    }

    // MARK: Back

    private var wayBack: Backward {
        guard let backward else { preconditionFailure("an attention at rest has no way back") }
        return backward
    }

    package func beginGradient() {
        let gradients = wayBack.projectionGradients
        gradients.query.zero()
        gradients.key.zero()
    }

    /// One clip's way back; its attention is computed again.
    ///
    /// **Shapes**: x and g = dL/dimage [bands][frames].
    package func backward(_ x: UnsafePointer<Float>, _ g: UnsafePointer<Float>, _ projections: Projections) {
        let backward = wayBack
        attend(x, projections)
        backward.clipPanels.pack(x, depthStride: 1, columnStride: frames)
        Kernels.product(
            g, aStride: frames, backward.clipPanels, into: backward.slopes.pointer, cStride: bands, rows: bands)
        // Through the softmax: dS = A·(dA − Σ dA·A), and the root of the size.
        let scale = 1 / Float(size).squareRoot()
        for band in 0..<bands {
            let (a, s) = (weights.pointer + band * bands, backward.slopes.pointer + band * bands)
            var along: Float = 0
            for index in 0..<bands { along += a[index] * s[index] }
            for index in 0..<bands { s[index] = a[index] * (s[index] - along) * scale }
        }
        backward.keyPanels.pack(keys.pointer, depthStride: size, columnStride: 1)
        Kernels.product(
            backward.slopes.pointer, aStride: bands, backward.keyPanels, into: backward.queryGradients.pointer,
            cStride: size, rows: bands)
        backward.keyGradients.zero()
        Kernels.productTransposed(
            backward.slopes.pointer, aStride: bands, queries.pointer, bStride: size,
            into: backward.keyGradients.pointer, positions: bands, rows: bands, columns: size)
        for (gradients, target) in [
            (backward.queryGradients, backward.projectionGradients.query),
            (backward.keyGradients, backward.projectionGradients.key),
        ] {
            Kernels.productTransposed(
                gradients.pointer, aStride: size, normal.pointer, bStride: stride, into: target.pointer,
                positions: bands, rows: size, columns: stride)
        }
    }

    /// Adds the gradients of the weights.
    package func finishGradient(_ layout: ParameterLayout, _ gradient: FloatBuffer) {
        let gradients = wayBack.projectionGradients
        for (name, source) in [
            ("attention.query.weight", gradients.query), ("attention.key.weight", gradients.key),
        ] {
            for row in 0..<size {
                let target = gradient.pointer + layout[name].offset + row * frames
                for frame in 0..<frames { target[frame] += source.pointer[row * stride + frame] }
            }
        }
    }
}
