/// How much one file may ask of the decoder and of what hears its sound; checked before anything is decoded, and again while
/// frames come in that the header did not announce.
package struct DecodeLimits: Hashable, Sendable {
    /// Bytes of the file.
    package var byteCount: Int
    /// Samples of all channels together, and of one channel at the rate it is converted to; four bytes of memory each.
    package var sampleCount: Int
    /// The length of a clip.
    package var seconds: Int
    package var channelCount: Int
    package var sampleRateHz: ClosedRange<Int>

    package init(
        byteCount: Int = 256 << 20, sampleCount: Int = 16 << 20, seconds: Int = 900, channelCount: Int = 64,
        sampleRateHz: ClosedRange<Int> = 1_000...1_000_000
    ) {
        self.byteCount = byteCount
        self.sampleCount = sampleCount
        self.seconds = seconds
        self.channelCount = channelCount
        self.sampleRateHz = sampleRateHz
    }

    /// Refuses a header that promises more than the limits allow, or a rate no recorder has.
    func check(clip: String, channelCount: Int, sampleRateHz rate: Int, frameCount: Int) throws(AudioError) {
        guard channelCount > 0 else {
            throw AudioError(
                .noChannels, clip: clip, "the header says 0 channels. Check the recorder and send it again.")
        }
        guard channelCount <= self.channelCount else {
            throw AudioError(
                .tooLarge, clip: clip,
                "has \(channelCount) channels, at most \(self.channelCount) are read. Send the channels apart.")
        }
        guard rate != 0 else {
            throw AudioError(
                .zeroRate, clip: clip, "the header says 0 Hz. Set the recorder's sample rate and send it again.")
        }
        guard sampleRateHz.contains(rate) else {
            throw AudioError(
                .badRate, clip: clip,
                "the header says \(rate) Hz, outside \(sampleRateHz.lowerBound) to \(sampleRateHz.upperBound) Hz. "
                    + "Check the recorder's sample rate.")
        }
        guard frameCount <= sampleCount / channelCount else {
            throw AudioError(
                .tooLarge, clip: clip,
                "holds \(frameCount) frames of \(channelCount) channel(s), at most \(sampleCount) samples are decoded. "
                    + "Cut the recording into clips.")
        }
        guard frameCount <= seconds * rate else {
            throw AudioError(
                .tooLarge, clip: clip,
                "lasts \(frameCount / rate) s, clips of at most \(seconds) s are heard. Cut the recording into clips.")
        }
    }
}
