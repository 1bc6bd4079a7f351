package import Plant
package import Spectra

extension LogMelParameters {
    /// The parameters that a gateway or a dataset states.
    ///
    /// A record does not say how decibels bear a power of zero: log-mels with zero padding are taken to clamp it, mirrored
    /// ones to add an epsilon, as the two tool chains do that make them.
    package init(_ record: FeatureRecord) throws(SpectraError) {
        try self.init(
            sampleRateHz: record.sampleRateHz, fftLength: record.fftLength, hopLength: record.hopLength,
            melBands: record.melBands, padding: record.reflectPadding ? .reflect : .zero,
            floor: record.reflectPadding ? .addEpsilon : .clamp)
    }

    /// What travels and is stored of the parameters.
    package var record: FeatureRecord {
        FeatureRecord(
            sampleRateHz: sampleRateHz, fftLength: fftLength, hopLength: hopLength, melBands: melBands,
            reflectPadding: padding == .reflect)
    }

    /// The parameters as part of a sentence.
    var sentence: String {
        "\(sampleRateHz) Hz, FFT \(fftLength), hop \(hopLength), \(melBands) mel bands, \(padding.rawValue) padding"
    }
}
