/// The mean and deviation of a measure over normal clips, by which measures of different kinds are added.
package struct StandardScale: Sendable, Equatable {
    package let mean: Double
    /// Positive.
    package let deviation: Double

    /// The least deviation: a measure that never moved is not worth more than this.
    private static let leastDeviation = 1e-6

    /// - Parameter values: at least two; the deviation is that of the population (divided by n).
    package init(of values: [Double]) {
        precondition(values.count >= 2, "\(values.count) values have no deviation")
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        self.mean = mean
        deviation = max(variance.squareRoot(), Self.leastDeviation)
    }

    init(mean: Double, deviation: Double) {
        precondition(deviation > 0, "a deviation of \(deviation)")
        self.mean = mean
        self.deviation = deviation
    }

    /// z = (value − mean) / deviation.
    package func standardised(_ value: Double) -> Double { (value - mean) / deviation }
}
