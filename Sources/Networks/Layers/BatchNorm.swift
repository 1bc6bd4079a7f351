private import Glibc
internal import Tensors

/// One batch norm during a training step, with the PReLU that follows it, if any.
///
/// Forth: the convolution's outputs y are observed chunk by chunk, then `finish` turns them into
/// z = scale·(y − centre) + shift with x̂ = inverse·(y − centre). The activation a = PReLU(z) is never stored: whoever needs
/// it computes it again from y. Back: `receive` turns dL/da into dL/dz chunk by chunk, then `finishGradient` turns the sums
/// into dL/dy = p·dL/dz + q·(y − centre) + r.
///
/// Sums run in float within a chunk and in double over the chunks; the centre is the mean, rounded, and the shift takes up
/// what the rounding left.
///
/// Where it is fixed, the running statistics take the place of the chunks' moments and stand still; no gradient flows
/// through them.
final class BatchNorm {
    static let epsilon = 1e-5

    let channels: Int
    /// Normalises with the running statistics.
    var isFixed = false
    private let gain, bias, mean, variance: ParameterLayout.Slice
    private let slopeSlice: ParameterLayout.Slice?
    private let vectors: FloatBuffer
    private var totals: [Double]
    private var rows = 0
    private var isFirstChunk = true

    init(_ layout: ParameterLayout, _ name: String, slope: String? = nil) {
        gain = layout[name + ".weight"]
        bias = layout[name + ".bias"]
        mean = layout[name + ".running_mean"]
        variance = layout[name + ".running_var"]
        slopeSlice = slope.map { layout[$0] }
        channels = gain.count
        vectors = FloatBuffer(count: 12 * channels)
        totals = [Double](repeating: 0, count: 3 * channels)
    }

    private func vector(_ index: Int) -> UnsafeMutablePointer<Float> { vectors.pointer + index * channels }
    var scale: UnsafeMutablePointer<Float> { vector(0) }
    var shift: UnsafeMutablePointer<Float> { vector(1) }
    private var inverse: UnsafeMutablePointer<Float> { vector(2) }
    var centre: UnsafeMutablePointer<Float> { vector(3) }
    private var p: UnsafeMutablePointer<Float> { vector(4) }
    private var q: UnsafeMutablePointer<Float> { vector(5) }
    private var r: UnsafeMutablePointer<Float> { vector(6) }
    private var origin: UnsafeMutablePointer<Float> { vector(7) }
    private var slopes: UnsafeMutablePointer<Float> { vector(8) }
    private var chunkSums: UnsafeMutablePointer<Float> { vector(9) }

    /// The PReLU's slopes; zeros are a ReLU.
    private var activates = false
    var slope: UnsafePointer<Float>? { activates ? UnsafePointer(slopes) : nil }

    // MARK: Forth

    /// - Parameter rectifies: a ReLU follows, where there is no PReLU.
    func begin(_ parameters: Parameters, rectifies: Bool = false) {
        activates = rectifies || slopeSlice != nil
        if let slopeSlice { slopes.update(from: parameters.buffer.pointer + slopeSlice.offset, count: channels) }
        for index in totals.indices { totals[index] = 0 }
        rows = 0
        isFirstChunk = true
    }

    /// **Shapes**: y [rows][channels].
    func observe(_ y: UnsafePointer<Float>, rows count: Int) {
        if isFirstChunk { origin.update(from: y, count: channels) }
        isFirstChunk = false
        chunkSums.update(repeating: 0, count: 2 * channels)
        Kernels.moments(
            y, rows: count, channels: channels, origin: origin, sums: chunkSums, squares: chunkSums + channels)
        addChunk(2)
        rows += count
    }

    private func addChunk(_ vectors: Int) {
        let sums = chunkSums
        totals.withUnsafeMutableBufferPointer { totals in
            for index in 0..<vectors * channels { totals[index] += Double(sums[index]) }
        }
    }

    /// Normalises with the batch's own moments and writes them, the variance without bias, where the running ones lie.
    func finish(_ parameters: Parameters, statistics: FloatBuffer) {
        guard !isFixed else { return finishFixed(parameters, statistics: statistics) }
        let count = Double(rows)
        for c in 0..<channels {
            let distance = totals[c] / count
            let spread = max(totals[channels + c] / count - distance * distance, 0)
            let average = distance + Double(origin[c])
            setNormal(parameters, c, mean: average, variance: spread)
            statistics.pointer[mean.offset + c] = Float(average)
            statistics.pointer[variance.offset + c] = Float(spread * count / max(count - 1, 1))
        }
    }

    private func finishFixed(_ parameters: Parameters, statistics: FloatBuffer) {
        let weights = parameters.buffer.pointer
        for c in 0..<channels {
            let (center, spread) = (weights[mean.offset + c], weights[variance.offset + c])
            setNormal(parameters, c, mean: Double(center), variance: Double(spread))
            statistics.pointer[mean.offset + c] = center
            statistics.pointer[variance.offset + c] = spread
        }
    }

    private func setNormal(_ parameters: Parameters, _ c: Int, mean: Double, variance: Double) {
        let weights = parameters.buffer.pointer
        let precise = 1 / (variance + Self.epsilon).squareRoot()
        let factor = Double(weights[gain.offset + c]) * precise
        centre[c] = Float(mean)
        inverse[c] = Float(precise)
        scale[c] = Float(factor)
        shift[c] = Float(Double(weights[bias.offset + c]) - (mean - Double(centre[c])) * factor)
    }

    /// a = PReLU(scale·(y − centre) + shift).
    func activate(_ y: UnsafePointer<Float>, into a: UnsafeMutablePointer<Float>, rows: Int) {
        Kernels.activate(
            y, into: a, rows: rows, channels: channels, centre: centre, scale: scale, shift: shift, slope: slope)
    }

    // MARK: Back

    func beginGradient() {
        for index in totals.indices { totals[index] = 0 }
    }

    /// Turns dL/da of some rows into dL/dz, in place.
    func receive(_ g: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>, rows: Int) {
        chunkSums.update(repeating: 0, count: 3 * channels)
        Kernels.activateGradient(
            g, y, rows: rows, channels: channels, centre: centre, scale: scale, shift: shift, slope: slope,
            inverse: inverse, sums: chunkSums, products: chunkSums + channels, slopes: chunkSums + 2 * channels)
        addChunk(3)
    }

    /// Adds the gradients of gain, bias and slope, and prepares `combine`.
    func finishGradient(_ gradient: FloatBuffer) {
        let count = Double(rows)
        for c in 0..<channels {
            gradient.pointer[bias.offset + c] += Float(totals[c])
            gradient.pointer[gain.offset + c] += Float(totals[channels + c])
            if let slopeSlice { gradient.pointer[slopeSlice.offset + c] += Float(totals[2 * channels + c]) }
            // dy = scale · (g − mean(g) − x̂ · mean(g·x̂)), with x̂ = inverse·(y − centre).
            let (s, i) = (Double(scale[c]), Double(inverse[c]))
            p[c] = scale[c]
            q[c] = isFixed ? 0 : Float(-s * i * totals[channels + c] / count)
            r[c] = isFixed ? 0 : Float(-s * totals[c] / count)
        }
    }

    /// dL/dy of some rows; `dy` may be `g` or `y`.
    func combine(
        _ g: UnsafePointer<Float>, _ y: UnsafePointer<Float>, into dy: UnsafeMutablePointer<Float>, rows: Int
    ) {
        Kernels.combine(g, y, into: dy, rows: rows, channels: channels, centre: centre, p, q, r)
    }
}
