internal import Networks
package import Plant
internal import Spectra

/// A network's model at work on one thread.
package final class NetworkListener: Scorer {
    private let model: NetworkModel
    private let extractor: LogMelExtractor
    private let scratch: FoldedNetwork.Scratch

    init(_ model: NetworkModel) throws(ModelError) {
        self.model = model
        do throws(SpectraError) {
            extractor = try LogMelExtractor(model.feature)
        } catch {
            throw ModelError(.damagedFile, error.description)
        }
        scratch = FoldedNetwork.Scratch(model.architecture)
    }

    package func score(_ signal: ClipSignal, machine: MachineName) throws(ModelError) -> ClipScore {
        let known = model.machines.contains(machine)
        guard known || model.openTypes.contains(machine.type) else {
            throw .unknownMachine(machine, known: model.machines)
        }
        let windows = try windows(of: signal, name: machine.description)
        var worst: ClipScore?
        for start in windows.starts {
            let window = try windows.window(start)
            let hearing = model.network.hear(logMel: window.logMel.values, wave: window.wave, scratch: scratch)
            let statistics = window.logMel.timeStatistics
            let score =
                known
                ? try model.score(
                    model.measurement(
                        of: hearing, timeStatistics: statistics, classIndex: try model.classIndex(machine)),
                    machine: machine)
                : try model.openScore(hearing, timeStatistics: statistics, machine: machine)
            guard score.score.isFinite else {
                throw ModelError(
                    .notFinite, "the score of a clip of \(machine) is not a finite number; check the recording")
            }
            if score.score > worst?.score ?? -.infinity { worst = score }
        }
        guard let worst else { preconditionFailure("a clip without a window") }
        return worst
    }

    /// Measures the first window of a clip, from which models are calibrated.
    ///
    /// Throws as `score` does.
    package func measure(_ signal: ClipSignal, machine: MachineName) throws(ModelError) -> Measurement {
        let index = try model.classIndex(machine)
        let window = try windows(of: signal, name: machine.description).window(0)
        let hearing = model.network.hear(logMel: window.logMel.values, wave: window.wave, scratch: scratch)
        return model.measurement(of: hearing, timeStatistics: window.logMel.timeStatistics, classIndex: index)
    }
}

extension NetworkListener {
    private func windows(of signal: ClipSignal, name: String) throws(ModelError) -> ClipWindows {
        try ClipWindows(
            of: signal, frames: model.architecture.frames, samples: model.windowSamples, hop: model.windowHop,
            needsWave: model.architecture.usesWave, extractor: extractor, name: name)
    }
}
