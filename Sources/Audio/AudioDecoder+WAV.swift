extension AudioDecoder {
    /// Decodes WAV, RF64 and BW64.
    ///
    /// libsndfile never sees the file's own header, only a sound one made from what this room found, in front of the
    /// untouched samples.
    static func decodeWAV(
        _ bytes: UnsafeRawBufferPointer, name: String, limits: DecodeLimits
    ) throws(AudioError) -> Recording {
        let layout = try WaveLayout(bytes, clip: name)
        let format = layout.format
        let frameCount = format.frameByteCount == 0 ? 0 : layout.data.count / format.frameByteCount
        try limits.check(
            clip: name, channelCount: format.channelCount, sampleRateHz: format.sampleRateHz, frameCount: frameCount)
        guard frameCount > 0 else {
            throw AudioError(.empty, clip: name, "holds no samples. Record and send it again.")
        }
        try SampleEvidence.check(UnsafeRawBufferPointer(rebasing: bytes[layout.data]), against: format, clip: name)

        let file = try SoundFile(
            header: format.canonicalHeader(byteCount: layout.data.count),
            body: UnsafeRawBufferPointer(rebasing: bytes[layout.data]), clip: name)
        var framesRead = 0
        let samples = [Float](unsafeUninitializedCapacity: frameCount * format.channelCount) { samples, count in
            framesRead = file.read(
                into: UnsafeMutableBufferPointer(rebasing: samples[..<(frameCount * format.channelCount)]))
            count = framesRead * format.channelCount
        }
        guard framesRead == frameCount else {
            throw AudioError(
                .damaged, clip: name, "\(framesRead) of \(frameCount) frames can be decoded. Send it again.")
        }
        if format.encoding == .float, let index = samples.firstIndex(where: { !(abs($0) <= Self.loudestFloat) }) {
            throw AudioError(
                .notFinite, clip: name,
                "sample \(index / format.channelCount) of channel \(index % format.channelCount) is \(samples[index]), "
                    + "which is no sound. Check the recorder's driver.")
        }
        return Recording(
            name: name, sampleRateHz: format.sampleRateHz, channelCount: format.channelCount, samples: samples,
            fullScale: format.fullScale, warnings: layout.warnings)
    }

    /// Floating-point samples are sound up to here, in whatever unit: the full scale of 32-bit integers.
    private static let loudestFloat: Float = 0x1p31
}
