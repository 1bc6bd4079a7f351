internal import SwiftProtobuf

/// A change of a network's weights in eight bits per number.
package struct WeightChange: Hashable, Sendable {
    /// One per trained number.
    package var digits: [Int8]
    /// One per trained tensor: a number is its digit times its tensor's scale.
    package var scales: [Float]
    /// The running statistics as they are after the change.
    package var statistics: [Float]

    package init(digits: [Int8], scales: [Float], statistics: [Float]) {
        self.digits = digits
        self.scales = scales
        self.statistics = statistics
    }

    package func encoded() -> [UInt8] { encode(message) }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(try decode(WireWeightChange.self, from: bytes))
    }
}

extension WeightChange {
    init(_ message: WireWeightChange) throws(WireError) {
        self.init(
            digits: message.digits.map { Int8(bitPattern: $0) }, scales: try numbers(message.scales, of: "scales"),
            statistics: try numbers(message.statistics, of: "statistics"))
    }

    var message: WireWeightChange {
        .with {
            $0.digits = .init(wire: digits.map { UInt8(bitPattern: $0) })
            $0.scales = .init(wire: scales)
            $0.statistics = .init(wire: statistics)
        }
    }
}
