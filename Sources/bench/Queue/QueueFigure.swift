import FoundationEssentials

/// One measured figure of the queue beside what it has to be.
struct QueueFigure: Encodable {
    /// Whether small or large values are good, and the value that has to be reached.
    enum Goal {
        case atMost(Double)
        case atLeast(Double)
        /// For comparison only.
        case none
    }

    let figure: String
    let value: Double
    let unit: String
    let goal: Double?
    let isMet: Bool?
    /// Load, number of samples, or what the value is made of.
    let remark: String

    init(_ figure: String, _ value: Double, _ unit: String, _ goal: Goal = .none, _ remark: String = "") {
        (self.figure, self.value, self.unit, self.remark) = (figure, value, unit, remark)
        switch goal {
        case .atMost(let limit): (self.goal, isMet) = (limit, value <= limit)
        case .atLeast(let limit): (self.goal, isMet) = (limit, value >= limit)
        case .none: (self.goal, isMet) = (nil, nil)
        }
    }

    static let heading =
        "\(pad("figure", 52))\(pad("value", 12, left: true)) \(pad("unit", 9))\(pad("goal", 8, left: true))"

    /// One line of the table.
    var line: String {
        let verdict = isMet.map { $0 ? "  met  " : "  SHORT" } ?? "       "
        let goal = goal.map { Self.text($0) } ?? ""
        return Self.pad(figure, 52) + Self.pad(Self.text(value), 12, left: true) + " " + Self.pad(unit, 9)
            + Self.pad(goal, 8, left: true) + verdict + "  " + remark
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func text(_ value: Double) -> String {
        value.magnitude >= 100 || value == value.rounded()
            ? "\(Int(value.rounded()))" : "\((value * 100).rounded() / 100)"
    }

    private static func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return left ? space + text : text + space
    }
}

/// Samples of one quantity.
struct Samples {
    private let sorted: [Double]

    init(_ values: [Double]) { sorted = values.sorted() }

    var count: Int { sorted.count }

    /// The smallest value that so large a part of the samples does not exceed; 0 where there are none.
    func quantile(_ part: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, max(0, Int((Double(sorted.count) * part).rounded(.up)) - 1))]
    }
}
