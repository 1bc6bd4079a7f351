private import Glibc

/// Triangular filters, equally spaced on the mel scale between 0 Hz and half the sample rate, stored without their zeros.
///
/// mel(f) = 3 f / 200 up to 1 000 Hz and 15 + ln(f / 1000) / (ln 6.4 / 27) above; with f_i equally spaced in mel, band i
/// weighs bin frequency f by max(0, min((f - f_i) / (f_i+1 - f_i), (f_i+2 - f) / (f_i+2 - f_i+1))) * 2 / (f_i+2 - f_i).
///
/// Source: M. Slaney, "Auditory Toolbox", 1998; the same bank as `librosa.filters.mel` with its defaults.
package struct MelBank: Hashable, Sendable {
    /// The first bin of each band with a weight above 0. **Shape** (melBands).
    package let firstBins: [Int32]
    /// Where the weights of each band begin in `weights`, and where the last end. **Shape** (melBands + 1).
    package let offsets: [Int32]
    /// The weights of all bands, each band filled up with zeros to a multiple of `groupLength`.
    package let weights: [Float]

    /// Bands are read in groups of this many bins; behind a power spectrum as many zeros must follow.
    package static let groupLength = 16

    /// - Throws: `SpectraError` with code `badParameters` where a band lies between two bins and would always be empty.
    package init(_ parameters: LogMelParameters) throws(SpectraError) {
        let nyquist = Double(parameters.sampleRateHz) / 2
        let binWidth = nyquist / Double(parameters.binCount - 1)
        let edges = Self.edges(parameters)
        var firstBins: [Int32] = []
        var offsets: [Int32] = [0]
        var weights: [Float] = []
        for band in 0..<parameters.melBands {
            let (low, centre, high) = (edges[band], edges[band + 1], edges[band + 2])
            let first = Int(low / binWidth) + 1
            let end = min(parameters.binCount, Int((high / binWidth).rounded(.up)))
            guard first < end else {
                throw SpectraError(
                    .badParameters,
                    "mel band \(band) lies between two bins of an FFT of \(parameters.fftLength) samples. "
                        + "Choose fewer bands than \(parameters.melBands) or a longer FFT.")
            }
            firstBins.append(Int32(first))
            for bin in first..<end {
                let frequency = Double(bin) * binWidth
                let rising = (frequency - low) / (centre - low)
                let falling = (high - frequency) / (high - centre)
                weights.append(Float(max(0, min(rising, falling)) * 2 / (high - low)))
            }
            weights += [Float](repeating: 0, count: -(end - first) & (Self.groupLength - 1))
            offsets.append(Int32(weights.count))
        }
        self.firstBins = firstBins
        self.offsets = offsets
        self.weights = weights
    }

    /// Where the bands begin, peak and end, Hz: band i reaches from edge i over i + 1 to i + 2. **Shape** (melBands + 2).
    package static func edges(_ parameters: LogMelParameters) -> [Double] {
        let top = mel(hertz: Double(parameters.sampleRateHz) / 2)
        return (0..<parameters.melBands + 2).map { hertz(mel: top * Double($0) / Double(parameters.melBands + 1)) }
    }

    private static let logarithmicStep = log(6.4) / 27

    private static func mel(hertz: Double) -> Double {
        hertz < 1000 ? hertz * 3 / 200 : 15 + log(hertz / 1000) / logarithmicStep
    }

    private static func hertz(mel: Double) -> Double {
        mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * logarithmicStep)
    }
}
