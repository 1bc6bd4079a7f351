/// The way from the bytes of a file to the samples that a model hears: decode, choose a channel, look at its quality,
/// change its rate. Each thread has its own reader, which keeps the filters of the rates it has met.
package struct ClipReader {
    package let sampleRateHz: Int
    package let limits: DecodeLimits
    private var resamplers: [Int: Resampler] = [:]

    /// Filters are dropped when files have brought this many different rates.
    private static let resamplerLimit = 8

    /// - Parameter sampleRateHz: the rate of the clips it returns.
    package init(sampleRateHz: Int = 16_000, limits: DecodeLimits = DecodeLimits()) {
        self.sampleRateHz = sampleRateHz
        self.limits = limits
    }

    /// Reads one clip. Sensor faults and short clips are returned too: `Clip.requireScorable` refuses them.
    ///
    /// - Parameters:
    ///   - bytes: a WAV or FLAC file.
    ///   - name: how errors call the clip.
    ///   - channel: the microphone to take. Without a choice it is channel 0, and a file with several is flagged.
    /// - Throws: `AudioError`.
    package mutating func read(
        _ bytes: UnsafeRawBufferPointer, name: String, channel: Int? = nil
    ) throws(AudioError) -> Clip {
        let recording = try AudioDecoder.decode(bytes, name: name, limits: limits)
        return try read(recording, channel: channel)
    }

    /// Reads one clip that lies in an array.
    package mutating func read(_ bytes: [UInt8], name: String, channel: Int? = nil) throws(AudioError) -> Clip {
        let recording = try AudioDecoder.decode(bytes, name: name, limits: limits)
        return try read(recording, channel: channel)
    }

    private mutating func read(_ recording: Recording, channel: Int?) throws(AudioError) -> Clip {
        let recorded = try recording.channel(channel ?? 0)
        let resampler = try resampler(for: recording)
        let sampleCount = resampler.outputCount(for: recorded.count)
        guard sampleCount <= limits.sampleCount else {
            throw AudioError(
                .tooLarge, clip: recording.name,
                "has \(sampleCount) samples at \(sampleRateHz) Hz, at most \(limits.sampleCount) are heard. "
                    + "Cut the recording into clips.")
        }
        let samples = resampler.resample(recorded)

        var quality = QualityReport(
            samples: recorded, sampleRateHz: recording.sampleRateHz, fullScale: recording.fullScale)
        if channel == nil, recording.channelCount > 1 { quality.flags.insert(.multiChannel) }
        if !recording.warnings.allSatisfy({ $0 == .noChecksum }) { quality.flags.insert(.repaired) }
        if recording.sampleRateHz < sampleRateHz || TopFifth.shareDecibels(of: samples) < -60 {
            quality.flags.insert(.lowBandwidth)
        }
        return Clip(
            name: recording.name, sampleRateHz: sampleRateHz, samples: samples, quality: quality,
            warnings: recording.warnings)
    }

    private mutating func resampler(for recording: Recording) throws(AudioError) -> Resampler {
        if let known = resamplers[recording.sampleRateHz] { return known }
        guard let new = Resampler(fromHz: recording.sampleRateHz, toHz: sampleRateHz) else {
            throw AudioError(
                .badRate, clip: recording.name,
                "\(recording.sampleRateHz) Hz has no useful ratio to \(sampleRateHz) Hz. Record at a usual rate.")
        }
        if resamplers.count == Self.resamplerLimit { resamplers.removeAll() }
        resamplers[recording.sampleRateHz] = new
        return new
    }
}
