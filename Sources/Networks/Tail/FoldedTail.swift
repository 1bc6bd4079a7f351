internal import Tensors

/// What follows the global convolution, at rest: to the embedding, and to the cosines with the class centres.
struct FoldedTail {
    private let embeddingSize: Int
    private let hiddenSize: Int
    private let classes: Int
    private let subCentres: Int
    private let linear: Panels
    private let linearBias: FloatBuffer
    private let first: Panels
    private let firstBias: FloatBuffer
    private let firstNorm: FoldedNorm
    private let second: Panels
    private let secondBias: FloatBuffer
    private let secondNorm: FoldedNorm
    private let noSlope: FloatBuffer
    private let centres: Panels

    init(_ parameters: Parameters) {
        let a = parameters.architecture
        embeddingSize = a.embeddingSize
        hiddenSize = a.hiddenSize
        classes = a.classes
        subCentres = a.subCentres
        let norm = FoldedNorm(parameters, "mobilefacenet.linear1.bn")
        linear = Panels(depth: a.trunkChannels, columns: a.embeddingSize)
        linear.pack(
            parameters.pointer("mobilefacenet.linear1.conv.weight"), depthStride: 1, columnStride: a.trunkChannels,
            scale: norm.scale.pointer)
        linearBias = norm.shift
        first = Panels(depth: a.embeddingSize, columns: a.hiddenSize)
        first.pack(parameters.pointer("head.head.0.weight"), depthStride: 1, columnStride: a.embeddingSize)
        firstBias = FloatBuffer(count: a.hiddenSize)
        firstBias.pointer.update(from: parameters.pointer("head.head.0.bias"), count: a.hiddenSize)
        firstNorm = FoldedNorm(parameters, "head.head.2")
        second = Panels(depth: a.hiddenSize, columns: a.embeddingSize)
        second.pack(parameters.pointer("head.head.3.weight"), depthStride: 1, columnStride: a.hiddenSize)
        secondBias = FloatBuffer(count: a.embeddingSize)
        secondBias.pointer.update(from: parameters.pointer("head.head.3.bias"), count: a.embeddingSize)
        secondNorm = FoldedNorm(parameters, "head.head.5")
        noSlope = FloatBuffer(count: max(a.hiddenSize, a.embeddingSize))
        let weights = FloatBuffer(count: classes * subCentres * embeddingSize)
        weights.pointer.update(from: parameters.pointer("arcface.weight"), count: weights.count)
        for row in 0..<classes * subCentres {
            UnitLength.normalise(weights.pointer + row * embeddingSize, count: embeddingSize)
        }
        centres = Panels(depth: embeddingSize, columns: classes * subCentres)
        centres.pack(weights.pointer, depthStride: 1, columnStride: embeddingSize)
    }

    /// **Shapes**: features [trunkChannels] → [embeddingSize], before the head.
    func vector(_ features: UnsafePointer<Float>) -> FloatBuffer {
        let vector = FloatBuffer(count: embeddingSize)
        Kernels.product(
            features, aStride: linear.depth, linear, into: vector.pointer, cStride: embeddingSize, rows: 1,
            bias: linearBias.pointer)
        return vector
    }

    /// The head: two layers, each followed by ReLU and batch norm, then unit length.
    func embedding(_ vector: FloatBuffer) -> FloatBuffer {
        let hidden = FloatBuffer(count: hiddenSize)
        let embedding = FloatBuffer(count: embeddingSize)
        Kernels.product(
            vector.pointer, aStride: embeddingSize, first, into: hidden.pointer, cStride: hiddenSize, rows: 1,
            bias: firstBias.pointer, slope: noSlope.pointer)
        firstNorm.apply(hidden.pointer)
        Kernels.product(
            hidden.pointer, aStride: hiddenSize, second, into: embedding.pointer, cStride: embeddingSize, rows: 1,
            bias: secondBias.pointer, slope: noSlope.pointer)
        secondNorm.apply(embedding.pointer)
        UnitLength.normalise(embedding.pointer, count: embeddingSize)
        return embedding
    }

    /// The cosine with the nearest centre of each class.
    func cosines(_ embedding: FloatBuffer) -> [Float] {
        let all = FloatBuffer(count: classes * subCentres)
        Kernels.product(
            embedding.pointer, aStride: embeddingSize, centres, into: all.pointer, cStride: all.count, rows: 1)
        return (0..<classes).map { c in
            (0..<subCentres).reduce(-1) { max($0, all.pointer[c * subCentres + $1]) }
        }
    }
}

/// x / max(‖x‖, 1e−12).
enum UnitLength {
    /// Returns the divisor.
    @discardableResult
    static func normalise(_ x: UnsafeMutablePointer<Float>, count: Int) -> Float {
        var square: Float = 0
        for index in 0..<count { square += x[index] * x[index] }
        let length = max(square.squareRoot(), 1e-12)
        for index in 0..<count { x[index] /= length }
        return length
    }
}
