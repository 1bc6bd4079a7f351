package import Networks
package import Tensors
package import Wire

// Eight bits per number: the largest of a tensor is 127 of its steps, and each number the nearest whole step.

extension WeightChange {
    private static let largestDigit: Float = 127

    /// Puts a change of the trained numbers into eight bits each; at most half a step of its tensor is left over.
    ///
    /// - Parameters:
    ///   - change: finite; becomes what is left over, which belongs to the next change.
    ///   - statistics: as they are after the change.
    package init(taking change: FloatBuffer, layout: ParameterLayout, statistics: [Float]) {
        var digits = [Int8](repeating: 0, count: layout.trainedCount)
        var scales: [Float] = []
        let x = change.pointer
        for slice in layout.trained {
            let largest = slice.range.reduce(0) { max($0, x[$1].magnitude) }
            let scale = largest / Self.largestDigit
            scales.append(scale)
            guard scale.isNormal else { continue }
            for index in slice.range {
                let digit = (x[index] / scale).rounded(.toNearestOrEven)
                digits[index] = Int8(max(-Self.largestDigit, min(Self.largestDigit, digit)))
                x[index] -= Float(digits[index]) * scale
            }
        }
        self.init(digits: digits, scales: scales, statistics: statistics)
    }

    /// Whether it is one of a network of that layout, all of it finite.
    package func fits(_ layout: ParameterLayout) -> Bool {
        digits.count == layout.trainedCount && scales.count == layout.trained.count
            && statistics.count == layout.statisticsCount && (scales + statistics).allSatisfy(\.isFinite)
    }

    /// Adds the change to the trained numbers, and replaces the running statistics; it must fit.
    package func apply(to weights: Parameters) {
        let (w, layout) = (weights.buffer.pointer, weights.layout)
        for (slice, scale) in zip(layout.trained, scales) {
            for index in slice.range { w[index] += Float(digits[index]) * scale }
        }
        for index in statistics.indices { w[layout.trainedCount + index] = statistics[index] }
    }
}

extension Parameters {
    /// The running statistics, which lie behind the trained numbers.
    var statistics: [Float] { layout.statistics(in: buffer) }
}

extension ParameterLayout {
    /// The running statistics, or the moments that lie in their place.
    func statistics(in buffer: FloatBuffer) -> [Float] {
        Array(UnsafeBufferPointer(start: buffer.pointer, count: count)[trainedCount...])
    }
}
