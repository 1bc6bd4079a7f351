package import Spectra

/// What a model listens to: samples, or the log-mel that a gateway computed in their place.
package enum ClipSignal: Sendable {
    /// One channel, full scale 1.
    case samples([Float], sampleRateHz: Int)
    case logMel(LogMel, LogMelParameters)
}

extension ClipSignal {
    /// The clip's log-mel, computed where there is none.
    ///
    /// - Parameters:
    ///   - extractor: of the model; its parameters are what the log-mel must have.
    ///   - name: how errors call the clip or its machine.
    ///
    /// Throws `.otherFeature` where the clip was made for other parameters, `.wrongLength` where it cannot be framed.
    package func logMel(by extractor: LogMelExtractor, name: String) throws(ModelError) -> LogMel {
        switch self {
        case .samples(let samples, let sampleRateHz):
            try extractor.requireRate(sampleRateHz, name: name)
            do throws(SpectraError) {
                return try extractor.extract(samples, name: name)
            } catch {
                throw ModelError(.wrongLength, error.description)
            }
        case .logMel(let logMel, let parameters):
            guard parameters == extractor.parameters else {
                throw ModelError(
                    .otherFeature,
                    "a log-mel clip of \(name) was computed with \(parameters.sentence) and the model "
                        + "listens with \(extractor.parameters.sentence); compute it anew or send the audio")
            }
            guard logMel.melBands == parameters.melBands else {
                throw ModelError(
                    .otherFeature,
                    "a log-mel clip of \(name) has \(logMel.melBands) mel bands and says it has "
                        + "\(parameters.melBands); check how it was written")
            }
            return logMel
        }
    }
}

extension LogMelExtractor {
    /// Throws `.otherFeature` where a clip has another sample rate than the model listens at.
    func requireRate(_ sampleRateHz: Int, name: String) throws(ModelError) {
        guard sampleRateHz == parameters.sampleRateHz else {
            throw ModelError(
                .otherFeature,
                "a clip of \(name) has \(sampleRateHz) Hz and the model listens at \(parameters.sampleRateHz) Hz")
        }
    }
}
