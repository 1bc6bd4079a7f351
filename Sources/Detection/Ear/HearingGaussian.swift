private import Glibc

/// Three Gaussians, one per spectrum, of a machine's normal hearings.
///
/// z = (x − mean)/scale; the squared distance is Σ over the spectra of |Wz|² with WᵀW the inverse of the correlation.
/// The spectra count as independent, although they are not: better than one Gaussian over all their numbers.
package struct HearingGaussian: Sendable, Equatable {
    /// **Shape** (3, melBands).
    package let mean: [Double]
    /// Positive. **Shape** (3, melBands).
    package let scale: [Double]
    /// W of each spectrum.
    package let whitening: [LowerTriangle]

    package init(mean: [Double], scale: [Double], whitening: [LowerTriangle]) {
        let numbers = whitening.reduce(0) { $0 + $1.dimension }
        precondition(mean.count == numbers && scale.count == numbers, "\(mean.count), \(scale.count), \(numbers)")
        (self.mean, self.scale, self.whitening) = (mean, scale, whitening)
    }

    package var melBands: Int { mean.count / whitening.count }

    /// Fits the mean to the machine's own clips, the scale to them and a prior, and the correlation to them and, each clip
    /// counting 1/weight, to its peers'.
    ///
    /// - Parameter weight: infinite where peers do not count.
    ///
    /// Nil where a correlation is not positive definite: the clips are all alike, and no peer counts.
    init?(_ own: HearingScatter, peers: HearingPeers, weight: Double) {
        let variance = zip(own.squares, peers.squares).map { ($0 + $1) / (own.degrees + peers.degrees) }
        let degrees = own.degrees + peers.degrees / weight
        guard degrees > 0 else { return nil }
        mean = own.mean
        scale = own.scale(prior: variance)
        var whitening: [LowerTriangle] = []
        for (product, others) in zip(own.products(over: scale), peers.products) {
            var correlation = product
            for index in correlation.values.indices {
                correlation.values[index] = (correlation.values[index] + others.values[index] / weight) / degrees
            }
            correlation.shrinkToOracle(degrees: degrees)
            guard let factor = correlation.cholesky() else { return nil }
            whitening.append(factor.inverse())
        }
        self.whitening = whitening
    }

    /// **Shape** `hearing`, result (3, melBands).
    func standardised(_ hearing: Hearing) -> [Double] {
        precondition(hearing.values.count == mean.count, "\(hearing.values.count) numbers, not \(mean.count)")
        return mean.indices.map { (hearing.values[$0] - mean[$0]) / scale[$0] }
    }

    /// The squared distance of a hearing.
    package func squaredDistance(of hearing: Hearing) -> Double {
        let z = standardised(hearing)
        return whitening.enumerated().reduce(0) { total, spectrum in
            let part = Array(z[spectrum.offset * melBands..<(spectrum.offset + 1) * melBands])
            return spectrum.element.times(part).reduce(total) { $0 + $1 * $1 }
        }
    }

    /// What every band of every spectrum adds to the squared distance: z · (WᵀWz). **Shape** (3, melBands).
    package func shares(of hearing: Hearing) -> [Double] {
        let z = standardised(hearing)
        return whitening.enumerated().flatMap { spectrum, w in
            let part = Array(z[spectrum * melBands..<(spectrum + 1) * melBands])
            return zip(part, w.transposedTimes(w.times(part))).map(*)
        }
    }

    /// The logarithm of the density at the mean, but for a constant; that at a hearing is this less half its squared
    /// distance.
    var logPeak: Double {
        let widths = scale.reduce(0) { $0 + log($1) }
        return whitening.reduce(-widths) { total, w in w.diagonal.reduce(total) { $0 + log($1) } }
    }
}

extension LowerTriangle {
    /// Oracle-approximating shrinkage of a covariance with so many degrees of freedom towards a multiple of the identity.
    ///
    /// Source: Chen, Wiesel, Eldar, Hero, "Shrinkage algorithms for MMSE covariance estimation", 2010.
    fileprivate mutating func shrinkToOracle(degrees: Double) {
        let p = Double(dimension)
        let mean = trace / p
        let meanSquare = squares / (p * p)
        shrink(by: min(1, (meanSquare + mean * mean) / ((degrees + 1) * (meanSquare - mean * mean / p) + 1e-12)))
    }
}
