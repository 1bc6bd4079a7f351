private import Glibc

/// Makes a patch of a clip louder or softer, in the recording itself, so that whatever is computed of it changes too.
///
/// The frames of the patch are windowed, transformed, their bins multiplied, transformed back, and what that changes is
/// added to the recording. With a Hann window every h-th sample of n, n = 4h, the windows of the untouched frames add up
/// to 2, so the change is halved. A bin's gain is the mean of those of the patch's bands, by their weights at the bin.
package final class PatchEqualiser {
    private let parameters: LogMelParameters
    private let bank: MelBank
    private let transform: RealTransform
    private let inverse: InverseTransform
    private let window: [Double]

    /// - Throws: `SpectraError` with code `badParameters`.
    package init(_ parameters: LogMelParameters) throws(SpectraError) {
        self.parameters = parameters
        bank = try MelBank(parameters)
        transform = RealTransform(length: parameters.fftLength, paddedBinCount: parameters.binCount)
        inverse = InverseTransform(length: parameters.fftLength)
        window = (0..<parameters.fftLength).map { index in
            0.5 - 0.5 * cos(2 * Double.pi * Double(index) / Double(parameters.fftLength))
        }
    }

    /// The recording with the patch changed.
    ///
    /// - Parameter gains: of each of the patch's bands, dB.
    package func apply(_ gains: [Double], to samples: [Float], in patch: SoundPatch) -> [Float] {
        precondition(gains.count == patch.bands.count, "\(gains.count) gains for \(patch.bands.count) bands")
        let change = binGains(gains, patch.bands).map { $0 - 1 }
        let overlap = Double(parameters.fftLength) / Double(parameters.hopLength) / 2
        let scale = 1 / (Double(parameters.fftLength) * overlap)
        var changed = samples
        for frame in patch.frames {
            let start = frame * parameters.hopLength - parameters.fftLength / 2
            for index in window.indices {
                let position = start + index
                transform.input[index] =
                    samples.indices.contains(position) ? Double(samples[position]) * window[index] : 0
            }
            transform.execute()
            for bin in change.indices {
                inverse.input[2 * bin] = transform.output[2 * bin] * change[bin]
                inverse.input[2 * bin + 1] = transform.output[2 * bin + 1] * change[bin]
            }
            inverse.execute()
            for index in window.indices where samples.indices.contains(start + index) {
                changed[start + index] += Float(inverse.output[index] * scale)
            }
        }
        return changed
    }

    /// The factor of every bin of a spectrum; 1 outside the bands.
    private func binGains(_ gains: [Double], _ bands: Range<Int>) -> [Double] {
        var sums = [Double](repeating: 0, count: parameters.binCount)
        var weights = sums
        for (band, gain) in zip(bands, gains) {
            let (first, last) = (Int(bank.offsets[band]), Int(bank.offsets[band + 1]))
            for (place, weight) in bank.weights[first..<last].enumerated() where weight > 0 {
                sums[Int(bank.firstBins[band]) + place] += Double(weight) * gain
                weights[Int(bank.firstBins[band]) + place] += Double(weight)
            }
        }
        return zip(sums, weights).map { $1 > 0 ? pow(10, $0 / $1 / 20) : 1 }
    }
}
