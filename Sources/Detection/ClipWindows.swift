internal import Spectra

/// A clip cut into windows of the length that a network hears.
///
/// A recording's windows are cut from its samples, each with the log-mel of its own; a log-mel's from its frames. Crops,
/// which are windows for a network that was trained on such, are frames of the whole recording's log-mel. The last window
/// ends where the clip ends.
struct ClipWindows {
    struct Window {
        var logMel: LogMel
        /// Empty where the network needs no wave.
        var wave: [Float]
    }

    /// In frames.
    let starts: [Int]
    /// Of the whole clip; nil where each window has its own.
    private let whole: LogMel?
    private let signal: ClipSignal
    private let frames: Int
    private let samples: Int
    private let needsWave: Bool
    private let extractor: LogMelExtractor
    private let name: String

    /// - Parameters:
    ///   - frames, samples: of one window.
    ///   - hop: frames from one window to the next; 0 for the first alone.
    ///   - isCropped: the windows are crops.
    ///   - name: how errors call the clip's machine.
    ///
    /// Throws `.wrongLength` where the clip is shorter than a window, `.otherFeature` where it is not what the network
    /// hears.
    init(
        of signal: ClipSignal, frames: Int, samples: Int, hop: Int, isCropped: Bool = false, needsWave: Bool,
        extractor: LogMelExtractor, name: String
    ) throws(ModelError) {
        self.signal = signal
        (self.frames, self.samples, self.needsWave) = (frames, samples, needsWave)
        (self.extractor, self.name) = (extractor, name)
        /// Frames by which the clip is longer than one window.
        let surplus: Int
        switch signal {
        case .samples(let values, let rate):
            try extractor.requireRate(rate, name: name)
            guard values.count >= samples else {
                throw ModelError(
                    .wrongLength,
                    "a clip of \(name) has \(values.count) samples and the model hears \(samples), "
                        + "\(Double(samples) / Double(rate)) s; record longer")
            }
            whole = isCropped ? try signal.logMel(by: extractor, name: name) : nil
            surplus = whole.map { $0.frames - frames } ?? (values.count - samples) / extractor.parameters.hopLength
        case .logMel:
            guard !needsWave else {
                throw ModelError(
                    .otherFeature,
                    "a clip of \(name) is a log-mel and the model listens to the wave too; send the recording")
            }
            let logMel = try signal.logMel(by: extractor, name: name)
            guard logMel.frames >= frames else {
                throw ModelError(
                    .wrongLength,
                    "a clip of \(name) has \(logMel.frames) frames and the model hears \(frames); record longer")
            }
            whole = logMel
            surplus = logMel.frames - frames
        }
        starts = hop == 0 ? [0] : Array(stride(from: 0, to: surplus, by: hop)) + [surplus]
    }

    /// - Parameter start: a frame, 0 for the first window.
    func window(_ start: Int) throws(ModelError) -> Window {
        switch signal {
        case .samples(let values, let rate):
            let first = start * extractor.parameters.hopLength
            let wave = Array(values[first..<first + samples])
            let logMel =
                try whole?.cropped(from: start, frames: frames)
                ?? ClipSignal.samples(wave, sampleRateHz: rate).logMel(by: extractor, name: name)
            return Window(logMel: logMel, wave: needsWave ? wave : [])
        case .logMel(let logMel, _): return Window(logMel: logMel.cropped(from: start, frames: frames), wave: [])
        }
    }
}
