private import Tensors

/// The receiver operating characteristic of scored clips: true against false alarms as the threshold falls.
///
/// Clips with equal scores form one step of the curve, so ties are crossed on a straight line.
///
/// Source: scikit-learn `roc_curve`, `roc_auc_score`.
package struct ReceiverCurve: Sendable {
    /// How many clips of each kind share one score.
    private struct Step {
        var normal = 0
        var anomalous = 0
    }

    /// Highest score first.
    private let steps: [Step]
    package let normalCount: Int
    package let anomalousCount: Int

    /// Returns nil when either kind of clip is missing or a score is not a number: the curve is undefined then.
    package init?(normal: [Double], anomalous: [Double]) {
        let clips = normal.map { (score: $0, isAnomaly: false) } + anomalous.map { (score: $0, isAnomaly: true) }
        guard !normal.isEmpty, !anomalous.isEmpty, !clips.contains(where: { $0.score.isNaN }) else { return nil }
        var steps: [Step] = []
        var previous: Double?
        for clip in clips.sorted(by: { $0.score > $1.score }) {
            if clip.score != previous { steps.append(Step()) }
            previous = clip.score
            if clip.isAnomaly {
                steps[steps.count - 1].anomalous += 1
            } else {
                steps[steps.count - 1].normal += 1
            }
        }
        self.init(steps: steps)
    }

    private init(steps: [Step]) {
        self.steps = steps
        normalCount = steps.reduce(0) { $0 + $1.normal }
        anomalousCount = steps.reduce(0) { $0 + $1.anomalous }
    }

    /// The area under the curve: the probability that an anomalous clip scores higher than a normal one, ties half.
    package var auc: Double { area(to: 1) }

    /// The partial area up to a false-alarm rate, standardised so that chance is 0.5 and perfection is 1.
    ///
    /// pAUC = ½·(1 + (a − m²/2)/(m − m²/2)), a = area of the curve cut at false-alarm rate m.
    ///
    /// - Parameter maximumFalseAlarmRate: m, above 0 and at most 1.
    ///
    /// Source: McClish, "Analyzing a portion of the ROC curve", 1989; scikit-learn `roc_auc_score(max_fpr:)`.
    package func pauc(maximumFalseAlarmRate rate: Double = 0.1) -> Double {
        precondition(rate > 0 && rate <= 1, "the false-alarm rate \(rate) lies outside 0...1")
        let chance = rate * rate / 2
        return 0.5 * (1 + (area(to: rate) - chance) / (rate - chance))
    }

    /// The area left of the false-alarm rate, the curve cut there on its straight line.
    private func area(to limit: Double) -> Double {
        let normalClips = Double(normalCount)
        let anomalousClips = Double(anomalousCount)
        let width = limit * normalClips
        var area = 0.0
        var x = 0.0
        var y = 0.0
        for step in steps {
            let run = min(Double(step.normal), width - x)
            if run > 0 {
                area += run * (y + 0.5 * Double(step.anomalous) * run / Double(step.normal))
            }
            x += Double(step.normal)
            y += Double(step.anomalous)
            if x >= width { break }
        }
        return area / (normalClips * anomalousClips)
    }
}

extension ReceiverCurve {
    /// The interval that holds 95 % of the statistic's values over resampled clips.
    ///
    /// Normal and anomalous clips are drawn with replacement among their own kind, as many as there are. The same
    /// seed gives the same interval.
    ///
    /// - Parameters:
    ///   - resamples: how often clips are drawn anew, at least 40.
    ///   - statistic: e.g. `\.auc`.
    ///
    /// Source: Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, percentile interval.
    package func interval(
        resamples: Int = 1000, seed: UInt64 = 1, of statistic: (ReceiverCurve) -> Double
    ) -> ClosedRange<Double> {
        precondition(resamples >= 40, "\(resamples) resamples do not show 2.5 % on each side")
        let normalSteps = steps.indices.flatMap { Array(repeating: $0, count: steps[$0].normal) }
        let anomalousSteps = steps.indices.flatMap { Array(repeating: $0, count: steps[$0].anomalous) }
        var random = CounterRandom(seed)
        let values = (0..<resamples).map { _ in
            var drawn = Array(repeating: Step(), count: steps.count)
            for _ in normalSteps { drawn[normalSteps[random.nextIndex(below: normalSteps.count)]].normal += 1 }
            for _ in anomalousSteps {
                drawn[anomalousSteps[random.nextIndex(below: anomalousSteps.count)]].anomalous += 1
            }
            return statistic(ReceiverCurve(steps: drawn))
        }.sorted()
        let tail = resamples / 40
        return values[tail]...values[resamples - 1 - tail]
    }
}
