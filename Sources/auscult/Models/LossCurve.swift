import FoundationEssentials
import Ledger

/// The loss of a training over its steps, with its validations and its learning rate, as a picture.
struct LossCurve {
    private static let (width, height, margin) = (800.0, 400.0, 50.0)

    private let title: String
    private let losses: [(step: Double, value: Double)]
    private let validations: [(step: Double, value: Double)]
    private let rates: [(step: Double, value: Double)]

    /// Nil where no step has a loss.
    init?(_ steps: [StepRecord], title: String) {
        func points(_ value: (StepRecord) -> Double?) -> [(step: Double, value: Double)] {
            steps.compactMap { step in
                value(step).flatMap { $0.isFinite ? (Double(step.step), $0) : nil }
            }
        }
        self.title = title
        losses = points(\.loss)
        validations = points(\.validationLoss)
        rates = points(\.learningRate)
        if losses.isEmpty { return nil }
    }

    var svg: String {
        let top = (losses + validations).map(\.value).max() ?? 1
        let topRate = rates.map(\.value).max() ?? 1
        let last = losses.map(\.step).max() ?? 1
        func line(_ points: [(step: Double, value: Double)], top: Double, _ style: String) -> String {
            let places = points.map { point in
                let x = Self.margin + (Self.width - 2 * Self.margin) * point.step / max(last, 1)
                let y =
                    Self.height - Self.margin
                    - (Self.height - 2 * Self.margin) * point.value / max(top, .leastNormalMagnitude)
                return "\(x.rounded(toPlaces: 1)),\(y.rounded(toPlaces: 1))"
            }
            return "<polyline fill=\"none\" \(style) points=\"\(places.joined(separator: " "))\"/>"
        }
        func text(_ words: String, x: Double, y: Double, _ style: String = "fill=\"#333\"") -> String {
            "<text x=\"\(x)\" y=\"\(y)\" \(style)>\(words)</text>"
        }
        let (bottom, right) = (Self.height - Self.margin, Self.width - Self.margin)
        return [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.width) \(Self.height)\" "
                + "font-family=\"sans-serif\" font-size=\"13\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            "<path d=\"M\(Self.margin) \(Self.margin)V\(bottom)H\(right)\" fill=\"none\" stroke=\"#999\"/>",
            line(rates, top: topRate, "stroke=\"#bbb\" stroke-dasharray=\"4 3\""),
            line(losses, top: top, "stroke=\"#06c\" stroke-width=\"1.5\""),
            line(validations, top: top, "stroke=\"#c40\" stroke-width=\"2\""),
            text(title, x: Self.margin, y: 20),
            text("loss, up to \(top.rounded(toPlaces: 3))", x: Self.margin, y: 40, "fill=\"#06c\""),
            text("validation", x: Self.margin + 180, y: 40, "fill=\"#c40\""),
            text("learning rate, up to \(topRate)", x: Self.margin + 280, y: 40, "fill=\"#888\""),
            text("step \(Int(last))", x: right - 60, y: Self.height - 25),
            "</svg>",
        ].joined(separator: "\n") + "\n"
    }
}
