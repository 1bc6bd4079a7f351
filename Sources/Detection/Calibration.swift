private import Glibc

/// The score above which a machine's clip counts as anomalous, chosen from normal clips alone.
///
/// The scores must come from normal clips that the scoring model was not fitted to (`DensityFit.heldOutScores`).
package struct Calibration: Sendable, Equatable {
    package enum Method: String, Sendable, CaseIterable {
        /// The k-th smallest score, k = ⌈(n + 1)(1 − α)⌉: on exchangeable clips the false-alarm rate is at most α.
        case conformal
        /// The 1 − α quantile of the scores, interpolated between two of them.
        case empirical
        /// The 1 − α quantile of a gamma distribution with location, fitted by its first three moments.
        case gamma
        /// The 1 − α quantile of a further score, were they normally distributed, their deviation pooled with the type's.
        case student
    }

    package var method: Method
    /// α: the share of normal clips expected to be called anomalous, above 0 and below 1.
    package var falseAlarmRate: Double
    /// How many held-out normal scores the threshold rests on.
    package var clipCount: Int
    package var threshold: Double

    package init(method: Method, falseAlarmRate: Double, clipCount: Int, threshold: Double) {
        self.method = method
        self.falseAlarmRate = falseAlarmRate
        self.clipCount = clipCount
        self.threshold = threshold
    }

    /// The smallest false-alarm rate that a number of held-out normal clips supports: 1/(n + 1).
    package static func smallestFalseAlarmRate(clips: Int) -> Double { 1 / Double(clips + 1) }

    /// Chooses the threshold for a false-alarm rate.
    ///
    /// - Parameters:
    ///   - scores: of normal clips, held out from the fit.
    ///   - falseAlarmRate: α, above 0 and below 1.
    ///   - typeDeviation: for `student`, of the scores of all machines of the type, each about its machine's mean.
    ///
    /// Throws `.tooFewClips` where n < 1/α − 1: no honest threshold exists then; two clips suffice for `student`.
    ///
    /// Source: Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005 (conformal quantile).
    package init(
        heldOutScores scores: [Double], falseAlarmRate: Double = 0.05, method: Method = .conformal,
        typeDeviation: Double? = nil
    ) throws(ModelError) {
        guard falseAlarmRate > 0, falseAlarmRate < 1, scores.allSatisfy(\.isFinite) else {
            throw ModelError(
                .notCalibrated,
                "a false-alarm rate of \(falseAlarmRate) over \(scores.count) scores cannot be calibrated")
        }
        if method == .student {
            guard scores.count >= 2 else {
                throw ModelError(.tooFewClips, "\(scores.count) normal clips have no deviation; add clips")
            }
            self.init(studentOf: scores, falseAlarmRate: falseAlarmRate, typeDeviation: typeDeviation)
            return
        }
        // The smallest excess keeps a rate of exactly 1/(n + 1) on this side of its own rounding.
        let rank = Int((Double(scores.count + 1) * (1 - falseAlarmRate) - 1e-9).rounded(.up))
        guard rank <= scores.count else {
            let needed = Int((1 / falseAlarmRate - 1 - 1e-9).rounded(.up))
            throw ModelError(
                .tooFewClips,
                "a false-alarm rate of \(falseAlarmRate) needs \(needed) normal clips and there are \(scores.count); "
                    + "add clips or ask for \(Self.smallestFalseAlarmRate(clips: scores.count)) or more")
        }
        let threshold =
            switch method {
            case .conformal, .student: scores.sorted()[max(rank, 1) - 1]
            case .empirical: Self.quantile(1 - falseAlarmRate, of: scores)
            case .gamma: GammaDistribution(momentsOf: scores).quantile(1 - falseAlarmRate)
            }
        self.init(
            method: method, falseAlarmRate: falseAlarmRate, clipCount: scores.count, threshold: threshold)
    }

    /// Between the two sorted scores beside position share·(n − 1), on the straight line.
    private static func quantile(_ share: Double, of scores: [Double]) -> Double {
        let sorted = scores.sorted()
        let position = share * Double(sorted.count - 1)
        let index = min(Int(position), sorted.count - 1)
        let next = min(index + 1, sorted.count - 1)
        return sorted[index] + (position - Double(index)) * (sorted[next] - sorted[index])
    }

    /// How many clips of a machine that is sound are called anomalous in a day.
    package func falseAlarms(perDayOf clipsPerDay: Double) -> Double { falseAlarmRate * clipsPerDay }

    /// Chooses the threshold for the wanted rate, or for the smallest that the clips support where that is larger.
    package init(supportedBy scores: [Double], falseAlarmRate: Double = 0.05) throws(ModelError) {
        let supported = max(falseAlarmRate, Self.smallestFalseAlarmRate(clips: scores.count))
        try self.init(heldOutScores: scores, falseAlarmRate: supported)
    }

    /// A score equal to the threshold is still normal.
    package func verdict(of score: Double) -> ClipScore.Verdict { score > threshold ? .anomalous : .normal }
}

// MARK: Student's t

extension Calibration {
    /// Pseudo clips of the type's deviation.
    private static let typeClips = 10.0

    /// threshold = mean + t · deviation · √(1 + 1/n), t of n − 1 degrees of freedom, and ten more where the deviation is
    /// pooled with the type's.
    ///
    /// - Parameters:
    ///   - scores: of normal clips, held out from the fit; two or more.
    ///   - typeDeviation: of the held-back scores of all machines of the type; nil where that is unknown.
    package init(studentOf scores: [Double], falseAlarmRate: Double, typeDeviation: Double?) {
        precondition(scores.count >= 2, "\(scores.count) scores have no deviation")
        let n = Double(scores.count)
        let mean = scores.reduce(0, +) / n
        var degrees = n - 1
        var variance = Self.squares(scores) / degrees
        if let typeDeviation {
            variance =
                (degrees * variance + Self.typeClips * typeDeviation * typeDeviation) / (degrees + Self.typeClips)
            degrees += Self.typeClips
        }
        let t = StudentDistribution(degrees: degrees).upperQuantile(falseAlarmRate)
        self.init(
            method: .student, falseAlarmRate: falseAlarmRate, clipCount: scores.count,
            threshold: mean + t * (variance * (1 + 1 / n)).squareRoot())
    }

    /// The deviation of several machines' scores, each about its own mean; nil where no machine has two.
    package static func pooledDeviation(_ scores: [[Double]]) -> Double? {
        let degrees = scores.reduce(0.0) { $0 + Double($1.count - 1) }
        return degrees > 0 ? (scores.reduce(0.0) { $0 + squares($1) } / degrees).squareRoot() : nil
    }

    /// Of the differences from the mean.
    private static func squares(_ scores: [Double]) -> Double {
        let mean = scores.reduce(0, +) / Double(scores.count)
        return scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
}
