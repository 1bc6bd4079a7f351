/// Changes the sample rate by an exact ratio, with a polyphase windowed-sinc filter.
///
/// Flat to 0.1 dB up to 0.95 of the lower Nyquist frequency, 100 dB down from that frequency on, zero phase, gain 1 for a
/// constant. Output k stands at input time k * down / up; outside the clip the signal counts as 0.
package struct Resampler: Sendable {
    /// The header's rate, where it had to round 51200/n Hz, counts as that rate: 17066 and 17067 as 51200/3.
    package let fromHz: Int
    package let toHz: Int
    private let ratio: RateRatio
    /// Taps per phase, a multiple of 8; half of them lie before the output's time.
    private let tapCount: Int
    /// **Shape** (up, tapCount): row p weighs the input around an output that lies p / up behind an input sample.
    private let bank: [Float]

    /// A bank may hold this many weights (128 MB); rates whose ratio needs more are not converted.
    private static let largestBank = 32 << 20

    /// Computes the filter bank.
    ///
    /// - Parameters:
    ///   - fromHz: the rate of the input, 1 Hz or more.
    ///   - toHz: the rate wanted, 1 Hz or more.
    /// - Returns: nil where the two rates have no common measure of useful size, as with 999983 Hz.
    package init?(fromHz: Int, toHz: Int) {
        self.fromHz = fromHz
        self.toHz = toHz
        ratio = RateRatio(fromHz: fromHz, toHz: toHz)
        guard ratio.up != ratio.down else {
            (tapCount, bank) = (0, [])
            return
        }
        let filter = KaiserSinc()
        // Input samples are further apart than the filter's unit when sampling up, closer when sampling down.
        let scale = min(1, Double(ratio.up) / Double(ratio.down))
        let half = (Int((filter.halfWidth / scale).rounded(.up)) + 3) / 4 * 4
        let (size, overflow) = (2 * half).multipliedReportingOverflow(by: ratio.up)
        guard !overflow, size <= Self.largestBank else { return nil }
        tapCount = 2 * half
        bank = Self.makeBank(filter: filter, scale: scale, ratio: ratio, half: half)
    }

    private static func makeBank(filter: KaiserSinc, scale: Double, ratio: RateRatio, half: Int) -> [Float] {
        var bank: [Float] = []
        bank.reserveCapacity(ratio.up * 2 * half)
        var row = [Double](repeating: 0, count: 2 * half)
        for phase in 0..<ratio.up {
            let fraction = Double(phase) / Double(ratio.up)
            for tap in row.indices {
                row[tap] = filter.value(at: (fraction + Double(half - 1 - tap)) * scale)
            }
            let sum = row.reduce(0, +)
            bank.append(contentsOf: row.map { Float($0 / sum) })
        }
        return bank
    }

    /// The number of samples that `count` samples become: all whose time lies before the end of the input.
    package func outputCount(for count: Int) -> Int {
        (count * ratio.up + ratio.down - 1) / ratio.down
    }

    /// - Returns: `outputCount(for: samples.count)` samples; the same samples when the rates are equal.
    package func resample(_ samples: [Float]) -> [Float] {
        guard ratio.up != ratio.down, !samples.isEmpty else { return samples }
        let padding = [Float](repeating: 0, count: tapCount / 2)
        let padded = padding + samples + padding
        return [Float](unsafeUninitializedCapacity: outputCount(for: samples.count)) { output, count in
            count = outputCount(for: samples.count)
            padded.withUnsafeBufferPointer { padded in
                bank.withUnsafeBufferPointer { bank in
                    guard let first = padded.baseAddress, let weights = bank.baseAddress else { return }
                    var (position, phase) = (1, 0)
                    for index in 0..<count {
                        output[index] = (first + position).dot(weights + phase * tapCount, count: tapCount)
                        position += (phase + ratio.down) / ratio.up
                        phase = (phase + ratio.down) % ratio.up
                    }
                }
            }
        }
    }
}
