/// How samples become a log-mel: everything that two log-mels must share to be comparable.
///
/// The defaults are those of the method; models and datasets carry their own.
package struct LogMelParameters: Hashable, Sendable {
    /// What stands before the first and behind the last sample, since frames are centred on multiples of the hop.
    package enum Padding: String, Hashable, Sendable, CaseIterable {
        case zero
        /// The signal mirrored at its first and last sample, which are not repeated.
        case reflect
    }

    /// How decibels bear a power of zero; the raw value is the formula, as `dataset.json` states it.
    package enum DecibelFloor: String, Hashable, Sendable, CaseIterable {
        /// The floor is exactly -100 dB.
        case clamp = "10*log10(max(power, 1e-10))"
        /// The floor is -156.5 dB; the epsilon is 2^-52.
        case addEpsilon = "10*log10(power + float64 epsilon)"
    }

    package let sampleRateHz: Int
    /// Length of window and transform in samples.
    package let fftLength: Int
    /// Distance of two frames in samples.
    package let hopLength: Int
    /// Mel bands between 0 Hz and half the sample rate.
    package let melBands: Int
    package let padding: Padding
    package let floor: DecibelFloor

    /// The parameters of the method.
    package static let method = LogMelParameters(
        uncheckedSampleRateHz: 16_000, fftLength: 2048, hopLength: 512, melBands: 128, padding: .zero, floor: .clamp)

    /// - Parameters:
    ///   - sampleRateHz: 1 000...1 000 000.
    ///   - fftLength: 32...65 536, a multiple of 16.
    ///   - hopLength: 1...fftLength.
    ///   - melBands: 1...1 024.
    /// - Throws: `SpectraError` with code `badParameters`.
    package init(
        sampleRateHz: Int = 16_000, fftLength: Int = 2048, hopLength: Int = 512, melBands: Int = 128,
        padding: Padding = .zero, floor: DecibelFloor = .clamp
    ) throws(SpectraError) {
        func require(_ value: Int, _ name: String, in range: ClosedRange<Int>) throws(SpectraError) {
            guard range.contains(value) else {
                throw SpectraError(
                    .badParameters,
                    "\(name) \(value) is outside \(range.lowerBound) to \(range.upperBound). Choose a value inside.")
            }
        }
        try require(sampleRateHz, "sample rate", in: 1_000...1_000_000)
        try require(fftLength, "FFT length", in: 32...65_536)
        guard fftLength % 16 == 0 else {
            throw SpectraError(.badParameters, "FFT length \(fftLength) is no multiple of 16. Choose a power of two.")
        }
        try require(hopLength, "hop length", in: 1...fftLength)
        try require(melBands, "number of mel bands", in: 1...1_024)
        self.init(
            uncheckedSampleRateHz: sampleRateHz, fftLength: fftLength, hopLength: hopLength, melBands: melBands,
            padding: padding, floor: floor)
    }

    private init(
        uncheckedSampleRateHz: Int, fftLength: Int, hopLength: Int, melBands: Int, padding: Padding, floor: DecibelFloor
    ) {
        self.sampleRateHz = uncheckedSampleRateHz
        self.fftLength = fftLength
        self.hopLength = hopLength
        self.melBands = melBands
        self.padding = padding
        self.floor = floor
    }

    /// Bins of the one-sided spectrum.
    package var binCount: Int { fftLength / 2 + 1 }

    /// Frames of a clip: one per hop begun, and the one centred on its first sample.
    package func frameCount(sampleCount: Int) -> Int { 1 + sampleCount / hopLength }
}
