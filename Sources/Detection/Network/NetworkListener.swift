internal import Networks
package import Plant
internal import Spectra

/// What a network makes of one window.
struct HeardWindow {
    let hearing: FoldedNetwork.Hearing
    let timeStatistics: [Float]
}

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
        guard model.machines.contains(machine) || model.openTypes.contains(machine.type) else {
            throw .unknownMachine(machine, known: model.machines)
        }
        let windows = try windows(of: signal, name: machine.description)
        if model.averagesWindows { return try score(try windows.starts.map(hearing(windows)), machine) }
        var worst: ClipScore?
        for start in windows.starts {
            let score = try score([hearing(windows)(start)], machine)
            if score.score > worst?.score ?? -.infinity { worst = score }
        }
        guard let worst else { preconditionFailure("a clip without a window") }
        return worst
    }

    /// Measures the first window of a clip, or all of them where they are averaged; from it models are calibrated.
    ///
    /// Throws as `score` does.
    package func measure(_ signal: ClipSignal, machine: MachineName) throws(ModelError) -> Measurement {
        let index = try model.classIndex(machine)
        let windows = try windows(of: signal, name: machine.description)
        let starts = model.averagesWindows ? windows.starts : [0]
        return model.measurement(of: try starts.map(hearing(windows)), classIndex: index)
    }
}

extension NetworkListener {
    private func windows(of signal: ClipSignal, name: String) throws(ModelError) -> ClipWindows {
        try ClipWindows(
            of: signal, frames: model.architecture.frames, samples: model.windowSamples, hop: model.windowHop,
            isCropped: model.averagesWindows, needsWave: model.architecture.usesWave, extractor: extractor, name: name)
    }

    /// Hears the window that begins with a frame.
    private func hearing(_ windows: ClipWindows) -> (Int) throws(ModelError) -> HeardWindow {
        { [model, scratch] start throws(ModelError) in
            let window = try windows.window(start)
            return HeardWindow(
                hearing: model.network.hear(logMel: window.logMel.values, wave: window.wave, scratch: scratch),
                timeStatistics: window.logMel.timeStatistics)
        }
    }

    /// The score of windows as one.
    private func score(_ windows: [HeardWindow], _ machine: MachineName) throws(ModelError) -> ClipScore {
        let score =
            model.machines.contains(machine)
            ? try model.score(
                model.measurement(of: windows, classIndex: try model.classIndex(machine)), machine: machine)
            : try model.openScore(windows, machine: machine)
        guard score.score.isFinite else {
            throw ModelError(
                .notFinite, "the score of a clip of \(machine) is not a finite number; check the recording")
        }
        return score
    }
}
