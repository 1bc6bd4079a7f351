package import Tensors

/// The moving average of the weights and running statistics, which is the network that hears.
package struct MovingAverage: Sendable, Hashable {
    package enum Rule: Sendable, Hashable {
        /// min(decay, (1 + t) / (10 + t)) at step t: short runs forget their start.
        case warmUp
        /// The decay from the first step on.
        case constant
        /// The published code's: the same, but then the live weights are multiplied by 1 − 2·10⁻⁶, and the live statistics
        /// with them.
        case published
    }

    package var decay: Double
    package var rule: Rule
    /// From the end of this step on, 1 for the first, the average is the plain mean of the weights after each step; nil:
    /// never.
    ///
    /// Source: Izmailov et al., "Averaging weights leads to wider optima", UAI 2018 (stochastic weight averaging).
    package var meanFrom: Int?

    package init(decay: Double = 0.9999, rule: Rule = .warmUp, meanFrom: Int? = nil) {
        (self.decay, self.rule, self.meanFrom) = (decay, rule, meanFrom)
    }

    private static let publishedShrink: Float = 1 - 2e-6

    /// - Parameter step: 0 after the first optimiser step.
    package func update(_ average: Parameters, with live: Parameters, step: Int) {
        update(average, with: live, steps: step..<step + 1)
    }

    /// As much of the live weights as all these steps would take of them.
    package func update(_ average: Parameters, with live: Parameters, steps: Range<Int>) {
        let taken = Float(1 - steps.reduce(1.0) { $0 * kept(at: $1) })
        let (a, w) = (average.buffer.pointer, live.buffer.pointer)
        for index in 0..<live.layout.count { a[index] -= taken * (a[index] - w[index]) }
        guard rule == .published else { return }
        let shrink = steps.reduce(Float(1)) { shrink, _ in shrink * Self.publishedShrink }
        for index in 0..<live.layout.count { w[index] *= shrink }
    }

    /// The share of the average that a step leaves.
    private func kept(at step: Int) -> Double {
        if let meanFrom, step + 1 >= meanFrom { return 1 - 1 / Double(step + 2 - meanFrom) }
        return rule == .warmUp ? min(decay, Double(1 + step) / Double(10 + step)) : decay
    }
}

// As a word: "published", "warm-up", or a constant decay such as "0.995". When it becomes the plain mean is no part of it.
extension MovingAverage: LosslessStringConvertible {
    package init?(_ description: String) {
        switch description {
        case "published": self.init(rule: .published)
        case "warm-up": self.init(rule: .warmUp)
        default:
            guard let decay = Double(description), decay > 0, decay < 1 else { return nil }
            self.init(decay: decay, rule: .constant)
        }
    }

    package var description: String {
        switch rule {
        case .published: "published"
        case .warmUp: "warm-up"
        case .constant: "\(decay)"
        }
    }
}

extension MovingAverage: Codable {
    package static let choices = "published, warm-up or a decay between 0 and 1"

    package init(from decoder: any Decoder) throws {
        let word = try decoder.singleValueContainer().decode(String.self)
        guard let rule = MovingAverage(word) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\"\(word)\"; choose \(Self.choices)"))
        }
        self = rule
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Parameters {
    /// Moves the running statistics a tenth of the way to a batch's moments.
    package func follow(statistics: FloatBuffer, momentum: Float = 0.1) {
        for index in layout.trainedCount..<layout.count {
            buffer.pointer[index] += momentum * (statistics.pointer[index] - buffer.pointer[index])
        }
    }
}
