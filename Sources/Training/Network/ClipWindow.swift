internal import Detection
internal import Plant
internal import Spectra
internal import Wire

/// The first part of a clip, as long as a network hears: its log-mel, and its wave where the network listens to it.
struct ClipWindow {
    /// dB. **Shape** (melBands, frames).
    var logMel: LogMel
    /// Empty where the network needs no wave.
    var wave: [Float]

    /// A part of it.
    ///
    /// - Parameters:
    ///   - start: frames.
    ///   - crop: how long the part is.
    func cropped(from start: Int, to crop: SurveyShard.Output.Extent, hopLength: Int) -> ClipWindow {
        let first = start * hopLength
        return ClipWindow(
            logMel: logMel.cropped(from: start, frames: crop.frames),
            wave: wave.isEmpty ? [] : Array(wave[first..<first + crop.samples]))
    }

    /// Share·own + (1 − share)·other, decibel by decibel and sample by sample.
    func mixed(with other: ClipWindow, share: Float) -> ClipWindow {
        func mix(_ own: [Float], _ other: [Float]) -> [Float] {
            var mixed = own
            for index in mixed.indices { mixed[index] = share * own[index] + (1 - share) * other[index] }
            return mixed
        }
        let levels = mix(logMel.values, other.logMel.values)
        return ClipWindow(
            logMel: LogMel(melBands: logMel.melBands, frames: logMel.frames, values: levels),
            wave: mix(wave, other.wave))
    }
}

/// Makes the windows of clips, and keeps them in the store for the next step.
final class ClipWindowMaker {
    private let store: any FeatureStore
    private var decoder: ClipDecoder
    private let extractor: LogMelExtractor
    let feature: FeatureRecord

    init(_ feature: FeatureRecord, store: any FeatureStore) throws(WireError) {
        self.feature = feature
        self.store = store
        decoder = ClipDecoder(sampleRateHz: feature.sampleRateHz)
        do throws(SpectraError) {
            extractor = try LogMelExtractor(try LogMelParameters(feature))
        } catch {
            throw WireError(error)
        }
    }

    /// Decodes a clip whatever its length, and keeps its window of at most that many samples.
    ///
    /// - Parameter longest: samples.
    /// - Returns: how long the whole clip is.
    func survey(
        _ clip: ShardClip, bytes: [UInt8], longest: Int, usesWave: Bool
    ) throws(WireError) -> SurveyShard.Output.Extent {
        switch try decode(clip, bytes) {
        case .samples(let samples, _):
            let count = min(samples.count, longest)
            let window = try window(of: samples, count: count, usesWave: usesWave, name: clip.name)
            keep(window, key(clip, samples: count, frames: window.logMel.frames, usesWave: usesWave))
            return .init(samples: samples.count, frames: window.logMel.frames)
        case .logMel(let logMel, _):
            guard !usesWave else {
                throw WireError(.wrongFeature, "\(clip.name): is a log-mel and the network listens to the wave too")
            }
            guard logMel.melBands == feature.melBands else {
                throw WireError(
                    .wrongFeature,
                    "\(clip.name): has \(logMel.melBands) mel bands, its dataset says \(feature.melBands)")
            }
            return .init(samples: 0, frames: logMel.frames)
        }
    }

    /// The window of a clip that the survey found usable.
    ///
    /// - Parameter bytes: fetches the clip where the store has forgotten it.
    func window(
        _ clip: ShardClip, _ extent: SurveyShard.Output.Extent, usesWave: Bool,
        bytes: (ContentHash) throws -> [UInt8]
    ) throws -> ClipWindow {
        let (samples, frames) = (extent.samples, extent.frames)
        let key = key(clip, samples: samples, frames: frames, usesWave: usesWave)
        let logMelCount = feature.melBands * frames
        if let kept = store.find(key), kept.count == logMelCount + (usesWave ? samples : 0) {
            return ClipWindow(
                logMel: LogMel(melBands: feature.melBands, frames: frames, values: Array(kept[..<logMelCount])),
                wave: Array(kept[logMelCount...]))
        }
        let window = try window(decode(clip, Self.bytes(of: clip, fetch: bytes)), clip, samples, frames, usesWave)
        keep(window, key)
        return window
    }

    /// Whether the window of a clip can be made without the clip.
    func has(_ clip: ShardClip, _ extent: SurveyShard.Output.Extent, usesWave: Bool) -> Bool {
        store.has(key(clip, samples: extent.samples, frames: extent.frames, usesWave: usesWave))
    }

    /// The clip's file. A clip that the broker has lost is named.
    static func bytes(of clip: ShardClip, fetch: (ContentHash) throws -> [UInt8]) throws -> [UInt8] {
        do {
            return try fetch(clip.sha256)
        } catch let error as WireError where [.unknownContent, .damagedContent].contains(error.code) {
            throw WireError(
                error.code, "\(clip.name): the broker does not have its bytes any more; import the dataset again")
        }
    }

    private func window(
        _ signal: ClipSignal, _ clip: ShardClip, _ samples: Int, _ frames: Int, _ usesWave: Bool
    ) throws(WireError) -> ClipWindow {
        switch signal {
        case .samples(let values, _):
            guard values.count >= samples else {
                throw WireError(.tooShort, "\(clip.name): has \(values.count) samples, the network hears \(samples)")
            }
            return try window(of: values, count: samples, usesWave: usesWave, name: clip.name)
        case .logMel(let whole, _):
            guard whole.frames >= frames, whole.melBands == feature.melBands, !usesWave else {
                throw WireError(
                    .wrongFeature,
                    "\(clip.name): is a log-mel of \(whole.melBands) x \(whole.frames), the network hears "
                        + "\(feature.melBands) x \(frames)\(usesWave ? " and the wave" : "")")
            }
            return ClipWindow(logMel: whole.cropped(from: 0, frames: frames), wave: [])
        }
    }

    private func window(
        of samples: [Float], count: Int, usesWave: Bool, name: String
    ) throws(WireError) -> ClipWindow {
        let wave = Array(samples.prefix(count))
        do throws(SpectraError) {
            return ClipWindow(logMel: try extractor.extract(wave, name: name), wave: usesWave ? wave : [])
        } catch {
            throw WireError(error)
        }
    }

    private func decode(_ clip: ShardClip, _ bytes: [UInt8]) throws(WireError) -> ClipSignal {
        try decoder.decode(bytes, format: clip.format, name: clip.name, channel: clip.channel, feature: feature).signal
    }

    private func keep(_ window: ClipWindow, _ key: ContentHash) { store.keep(key, window.logMel.values + window.wave) }

    /// What the window depends on, as one hash.
    private func key(_ clip: ShardClip, samples: Int, frames: Int, usesWave: Bool) -> ContentHash {
        let f = feature
        let rest =
            "\(clip.channel) \(f.sampleRateHz) \(f.fftLength) \(f.hopLength) \(f.melBands) \(f.reflectPadding) "
            + "\(clip.format == .logMel ? 0 : samples) \(frames) \(usesWave)"
        return ContentHash(of: clip.sha256.bytes + Array(rest.utf8))
    }
}
