/// An exact ratio between two sample rates, in lowest terms: `up` samples out for every `down` samples in.
struct RateRatio: Hashable {
    let up: Int
    let down: Int

    /// - Parameters:
    ///   - fromHz: the rate of the input as its header states it, 1 Hz or more.
    ///   - toHz: the rate wanted, 1 Hz or more.
    init(fromHz: Int, toHz: Int) {
        precondition(fromHz > 0 && toHz > 0, "\(fromHz) Hz to \(toHz) Hz")
        let divisor = Self.masterDivisor(ofHz: fromHz)
        let numerator = divisor.map { _ in Self.masterClockHz } ?? fromHz
        let up = toHz * (divisor ?? 1)
        let common = Self.greatestCommonDivisor(up, numerator)
        self.up = up / common
        self.down = numerator / common
    }

    /// Delta-sigma acquisition modules divide 13.1072 MHz by 256 and then by a whole number.
    private static let masterClockHz = 51_200

    /// The n for which 51200/n is what a header means that had to round it, 17066 or 17067 for 51200/3.
    private static func masterDivisor(ofHz rate: Int) -> Int? {
        (1...31).first { masterClockHz % $0 != 0 && (rate == masterClockHz / $0 || rate == masterClockHz / $0 + 1) }
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        b == 0 ? a : greatestCommonDivisor(b, a % b)
    }
}
