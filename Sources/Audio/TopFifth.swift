private import Glibc

/// How much of a clip's power lies in the top fifth of its band.
///
/// Real recordings put at least a thousandth of it there. Where it is far less, the sound was recorded, sent or compressed
/// at a lower rate than the file says.
enum TopFifth {
    /// Blocks of this many samples are looked at, evenly spread over the clip.
    private static let blockLength = 1024
    private static let blockLimit = 16

    /// A high-pass filter, closed below 0.75 of the Nyquist frequency and open above 0.85: a low-pass for a fifth of the
    /// band, moved to the top by turning every second sign. **Shape** (80).
    private static let taps: [Float] = {
        let window = KaiserWindow(attenuationDecibels: 64)
        return (0..<80).map { index in
            let time = Double(index) - 39.5
            let lowPass = sin(Double.pi * time / 5) / (Double.pi * time) * window.value(at: time / 40)
            return Float(index % 2 == 0 ? lowPass : -lowPass)
        }
    }()

    /// - Returns: 10 log10 of the top fifth's share of the power around the mean; 0 where the clip is too short or flat.
    static func shareDecibels(of samples: [Float]) -> Float {
        let blockCount = min(blockLimit, samples.count / blockLength)
        guard blockCount > 0 else { return 0 }
        var (top, sum, sumOfSquares) = (0.0, 0.0, 0.0)
        samples.withUnsafeBufferPointer { samples in
            taps.withUnsafeBufferPointer { taps in
                guard let first = samples.baseAddress, let weights = taps.baseAddress else { return }
                for block in 0..<blockCount {
                    let start = block * (samples.count / blockCount)
                    for position in start...start + blockLength - taps.count {
                        let sample = Double(first[position])
                        let filtered = Double((first + position).dot(weights, count: taps.count))
                        top += filtered * filtered
                        sum += sample
                        sumOfSquares += sample * sample
                    }
                }
            }
        }
        let count = Double(blockCount * (blockLength - taps.count + 1))
        let power = sumOfSquares - sum * sum / count
        return power > 0 ? Float(10 * log10(top / power)) : 0
    }
}
