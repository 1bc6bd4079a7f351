private import Tensors

/// How much better one model tells a machine's anomalous clips from its normal ones than another on the same clips.
///
/// The interval rests on resampled clips, each with both its scores, so that what is hard for both models cancels.
///
/// Source: Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, percentile interval of paired data.
package struct PairedComparison: Sendable, Equatable {
    /// A clip that both models scored.
    package struct Clip: Sendable {
        package var isAnomaly: Bool
        package var first: Double
        package var second: Double

        package init(isAnomaly: Bool, first: Double, second: Double) {
            (self.isAnomaly, self.first, self.second) = (isAnomaly, first, second)
        }
    }

    package static let resamples = 1000

    package let firstAUC: Double
    package let secondAUC: Double
    package let normalCount: Int
    package let anomalousCount: Int
    /// Second less first, of each resampling.
    private let differences: [Double]

    /// Returns nil where either kind of clip is missing.
    package init?(of clips: [Clip], seed: UInt64 = 1) {
        let (normal, anomalous) = (clips.filter { !$0.isAnomaly }, clips.filter(\.isAnomaly))
        guard let areas = Self.areas(normal, anomalous) else { return nil }
        (firstAUC, secondAUC) = areas
        (normalCount, anomalousCount) = (normal.count, anomalous.count)
        var random = CounterRandom(seed)
        func drawn(_ clips: [Clip]) -> [Clip] { clips.map { _ in clips[random.nextIndex(below: clips.count)] } }
        differences = (0..<Self.resamples).compactMap { _ in
            Self.areas(drawn(normal), drawn(anomalous)).map { $0.second - $0.first }
        }
    }

    /// The second model's AUC less the first's.
    package var difference: Double { secondAUC - firstAUC }

    /// Holds 95 % of the differences of resampled clips.
    package var interval: ClosedRange<Double> { Self.interval(differences) }

    /// The mean difference of several machines, each resampled by itself, and its 95 % interval.
    package static func mean(_ comparisons: [Self]) -> (difference: Double, interval: ClosedRange<Double>)? {
        guard !comparisons.isEmpty else { return nil }
        let count = Double(comparisons.count)
        let means = (0..<resamples).map { draw in comparisons.reduce(0) { $0 + $1.differences[draw] } / count }
        return (comparisons.reduce(0) { $0 + $1.difference } / count, interval(means))
    }

    private static func areas(_ normal: [Clip], _ anomalous: [Clip]) -> (first: Double, second: Double)? {
        guard let first = ReceiverCurve(normal: normal.map(\.first), anomalous: anomalous.map(\.first)),
            let second = ReceiverCurve(normal: normal.map(\.second), anomalous: anomalous.map(\.second))
        else { return nil }
        return (first.auc, second.auc)
    }

    private static func interval(_ values: [Double]) -> ClosedRange<Double> {
        let sorted = values.sorted()
        let tail = sorted.count / 40
        return sorted[tail]...sorted[sorted.count - 1 - tail]
    }
}
