private import Glibc

/// The additive angular margin: the cosine of the clip's own class is made harder by an angle, then all are scaled.
///
/// φ(c) = cos(arccos c + margin), continued linearly where the angle would pass π.
///
/// Source: Deng, Guo, Xue, Zafeiriou, "ArcFace", CVPR 2019.
package struct ArcFace: Sendable, Hashable {
    package var scale: Float = 30
    /// Radians.
    package var margin: Float = 0.4

    package init() {}

    /// The least 1 − c² that is believed: rounding may make it negative, and the slope of the root infinite.
    private static let leastSquare = 1e-12

    package func margined(_ c: Double) -> Double {
        let margin = Double(margin)
        guard c > cos(.pi - margin) else { return c - margin * sin(.pi - margin) }
        return c * cos(margin) - max(1 - c * c, Self.leastSquare).squareRoot() * sin(margin)
    }

    /// dφ/dc, bounded.
    package func marginedSlope(_ c: Double) -> Double {
        let margin = Double(margin)
        guard c > cos(.pi - margin) else { return 1 }
        return cos(margin) + c / max(1 - c * c, Self.leastSquare).squareRoot() * sin(margin)
    }

    /// The logits of one clip, with the margin at its own class.
    package func logits(_ cosines: [Double], label: Int) -> [Double] {
        precondition(cosines.indices.contains(label), "class \(label) of \(cosines.count)")
        var logits = cosines.map { Double(scale) * $0 }
        logits[label] = Double(scale) * margined(cosines[label])
        return logits
    }

    package func logits(_ cosines: [Float], label: Int) -> [Float] {
        logits(cosines.map { Double($0) }, label: label).map { Float($0) }
    }
}

/// The scores of one clip's logits at one class.
package enum Logits {
    /// log Σ exp over the logits; the largest is taken out first.
    package static func logSumExp(_ logits: some Collection<Double>) -> Double {
        guard let largest = logits.max(), largest > -.infinity else { return -.infinity }
        return largest + log(logits.reduce(0) { $0 + exp($1 - largest) })
    }

    package static func logSumExp(_ logits: some Collection<Float>) -> Float {
        Float(logSumExp(logits.lazy.map { Double($0) }))
    }

    /// How much likelier all other classes are than the clip's own, as a logarithm.
    ///
    /// It ranks clips as the cross-entropy does, but does not round to zero for the most normal of them.
    package static func logOdds(_ logits: [Float], label: Int) -> Float {
        let others = logits.enumerated().lazy.filter { $0.offset != label }.map(\.element)
        return logSumExp(Array(others)) - logits[label]
    }

    /// −log softmax at the class, from its log-odds: log(1 + exp g).
    package static func crossEntropy(logOdds g: Float) -> Float { max(g, 0) + log1pf(expf(-abs(g))) }
}
