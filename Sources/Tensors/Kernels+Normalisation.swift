private import CKernels

extension Kernels {
    /// a = PReLU(scale·(y − centre) + shift), or without slope just scale·(y − centre) + shift; `a` may be `y`.
    ///
    /// A centre near the mean keeps the digits that scale·y and its shift would lose to each other.
    ///
    /// **Shapes**: y, a [rows][channels]; centre, scale, shift, slope [channels].
    package static func activate(
        _ y: UnsafePointer<Float>, into a: UnsafeMutablePointer<Float>, rows: Int, channels: Int,
        centre: UnsafePointer<Float>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
        slope: UnsafePointer<Float>?
    ) {
        precondition(channels % lanes == 0, "\(channels) channels are not a multiple of \(lanes)")
        kernel_activate(y, a, rows, channels, centre, scale, shift, slope)
    }

    /// sums += Σ (y − origin), squares += Σ (y − origin)².
    ///
    /// Choose an origin near the mean, so that the variance does not drown in the square of the mean.
    ///
    /// **Shapes**: y [rows][channels]; origin, sums, squares [channels].
    package static func moments(
        _ y: UnsafePointer<Float>, rows: Int, channels: Int, origin: UnsafePointer<Float>,
        sums: UnsafeMutablePointer<Float>, squares: UnsafeMutablePointer<Float>
    ) {
        precondition(channels % lanes == 0, "\(channels) channels are not a multiple of \(lanes)")
        kernel_moments(y, rows, channels, origin, sums, squares)
    }

    /// The way back through `activate`: g turns from dL/da into dL/dz, and the sums a batch norm needs are taken on the way.
    ///
    /// With x̂ = inverse·(y − centre): sums += Σ g, products += Σ g·x̂, slopes += Σ over z < 0 of dL/da·z.
    ///
    /// **Shapes**: g, y [rows][channels]; the rest [channels].
    package static func activateGradient(
        _ g: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>, rows: Int, channels: Int,
        centre: UnsafePointer<Float>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
        slope: UnsafePointer<Float>?, inverse: UnsafePointer<Float>, sums: UnsafeMutablePointer<Float>,
        products: UnsafeMutablePointer<Float>, slopes: UnsafeMutablePointer<Float>?
    ) {
        precondition(channels % lanes == 0, "\(channels) channels are not a multiple of \(lanes)")
        precondition(slope == nil || slopes != nil, "a slope without a place for its gradient")
        kernel_activate_gradient(
            g, y, rows, channels, centre, scale, shift, slope, inverse, sums, products, slopes)
    }

    /// dy = p·g + q·(y − centre) + r: the way back through a batch norm, once its sums are known. `dy` may be `g` or `y`.
    ///
    /// **Shapes**: g, y, dy [rows][channels]; centre, p, q, r [channels].
    package static func combine(
        _ g: UnsafePointer<Float>, _ y: UnsafePointer<Float>, into dy: UnsafeMutablePointer<Float>, rows: Int,
        channels: Int, centre: UnsafePointer<Float>, _ p: UnsafePointer<Float>, _ q: UnsafePointer<Float>,
        _ r: UnsafePointer<Float>
    ) {
        precondition(channels % lanes == 0, "\(channels) channels are not a multiple of \(lanes)")
        kernel_combine(g, y, dy, rows, channels, centre, p, q, r)
    }

    /// The largest of some rows, per channel.
    ///
    /// **Shapes**: a [rows][channels], out [channels]; rows ≥ 1.
    package static func largest(
        _ a: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, rows: Int, channels: Int
    ) {
        precondition(rows > 0 && channels % lanes == 0, "\(rows) rows of \(channels) channels")
        kernel_largest(a, out, rows, channels)
    }

    /// da += g at the first row that holds the largest value, per channel.
    ///
    /// **Shapes**: a, da [rows][channels], g [channels].
    package static func largestGradient(
        _ a: UnsafePointer<Float>, _ g: UnsafePointer<Float>, into da: UnsafeMutablePointer<Float>, rows: Int,
        channels: Int
    ) {
        precondition(rows > 0 && channels % lanes == 0, "\(rows) rows of \(channels) channels")
        kernel_largest_gradient(a, g, da, rows, channels)
    }
}

extension PlainKernels {
    package static func activate(
        _ y: [Float], channels: Int, centre: [Float], scale: [Float], shift: [Float], slope: [Float]?
    ) -> [Float] {
        y.indices.map { index in
            let c = index % channels
            let z = scale[c] * (y[index] - centre[c]) + shift[c]
            return slope.map { max(z, 0) + $0[c] * min(z, 0) } ?? z
        }
    }

    /// Returns dL/dz and the three sums.
    package static func activateGradient(
        _ g: [Float], _ y: [Float], channels: Int, centre: [Float], scale: [Float], shift: [Float], slope: [Float]?,
        inverse: [Float]
    ) -> (g: [Float], sums: [Float], products: [Float], slopes: [Float]) {
        var result = (
            g: g, sums: [Float](repeating: 0, count: channels), products: [Float](repeating: 0, count: channels),
            slopes: [Float](repeating: 0, count: channels)
        )
        for index in g.indices {
            let c = index % channels
            let z = scale[c] * (y[index] - centre[c]) + shift[c]
            if let slope, z <= 0 {
                result.g[index] = slope[c] * g[index]
                result.slopes[c] += g[index] * z
            }
            result.sums[c] += result.g[index]
            result.products[c] += result.g[index] * inverse[c] * (y[index] - centre[c])
        }
        return result
    }

    package static func largestGradient(_ a: [Float], _ g: [Float], rows: Int, channels: Int) -> [Float] {
        var da = [Float](repeating: 0, count: rows * channels)
        for c in 0..<channels {
            var best = 0
            for row in 1..<max(rows, 1) where a[row * channels + c] > a[best * channels + c] { best = row }
            da[best * channels + c] = g[c]
        }
        return da
    }
}
