package import Plant
package import Spectra

/// Where in a clip its anomaly is heard: by how much the score falls when a patch is brought to the machine's usual level.
///
/// effect(patch) = score(clip) − score(clip in which the patch's mean level per band is the machine's normal one). The
/// patch is changed in the recording, not in the picture, so that networks that listen to the wave do not hear what was
/// hidden.
///
/// Source: occlusion was the most faithful of the explanations compared in arXiv 2601.19017.
package struct Occlusion: Sendable {
    /// Bands, and frames, of a patch.
    package static let patchSize = 16

    package struct Effect: Sendable, Hashable {
        package var patch: SoundPatch
        /// Above 0 where the patch makes the clip anomalous.
        package var effect: Double
    }

    /// Of the clip as it was recorded.
    package let score: ClipScore
    package let logMel: LogMel
    /// Of all patches, row by row.
    package let effects: [Effect]

    /// The patch by which the score rises most; nil where none raises it.
    package var loudest: Effect? {
        effects.filter { $0.effect > 0 }.max { $0.effect < $1.effect }
    }

    /// Scores the clip once as it is, and once for every patch.
    ///
    /// Throws what the model's scorer does.
    package init(
        of signal: ClipSignal, machine: MachineName, model: any AnomalyModel, patchSize: Int = Occlusion.patchSize
    ) throws(ModelError) {
        let scorer = try model.makeScorer()
        let (extractor, equaliser) = try Self.tools(model.feature)
        let score = try scorer.score(signal, machine: machine)
        let logMel = try signal.logMel(by: extractor, name: machine.description)
        let usual = model.normalLevels(of: machine) ?? Array(logMel.timeStatistics.prefix(logMel.melBands))
        var effects: [Effect] = []
        for patch in SoundPatch.tiles(melBands: logMel.melBands, frames: logMel.frames, size: patchSize) {
            let gains = patch.bands.map { band in
                let row = logMel.values[band * logMel.frames..<(band + 1) * logMel.frames]
                let part = row[(row.startIndex + patch.frames.lowerBound)..<(row.startIndex + patch.frames.upperBound)]
                return Double(usual[band]) - part.reduce(0) { $0 + Double($1) } / Double(part.count)
            }
            let hidden = signal.changed(by: gains, in: patch, equaliser)
            effects.append(
                Effect(patch: patch, effect: score.score - (try scorer.score(hidden, machine: machine).score)))
        }
        (self.score, self.logMel, self.effects) = (score, logMel, effects)
    }

    private static func tools(
        _ feature: LogMelParameters
    ) throws(ModelError) -> (LogMelExtractor, PatchEqualiser) {
        do throws(SpectraError) {
            return (try LogMelExtractor(feature), try PatchEqualiser(feature))
        } catch {
            throw ModelError(.damagedFile, error.description)
        }
    }
}

extension ClipSignal {
    /// The clip with a patch louder or softer by so many dB per band.
    fileprivate func changed(by gains: [Double], in patch: SoundPatch, _ equaliser: PatchEqualiser) -> ClipSignal {
        switch self {
        case .samples(let samples, let rate):
            return .samples(equaliser.apply(gains, to: samples, in: patch), sampleRateHz: rate)
        case .logMel(let logMel, let parameters):
            var values = logMel.values
            for (band, gain) in zip(patch.bands, gains) {
                for frame in patch.frames { values[band * logMel.frames + frame] += Float(gain) }
            }
            return .logMel(LogMel(melBands: logMel.melBands, frames: logMel.frames, values: values), parameters)
        }
    }
}
