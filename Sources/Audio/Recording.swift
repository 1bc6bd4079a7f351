/// A decoded sound file: every channel, at the rate it was recorded with.
///
/// Integer samples of b bits become value / 2^(b-1), so that full scale is -1 ..< 1.
package struct Recording: Sendable {
    package let name: String
    package let sampleRateHz: Int
    package let channelCount: Int
    /// Samples per channel.
    package let frameCount: Int
    /// Interleaved samples. **Shape** (frameCount, channelCount).
    package let samples: [Float]
    /// The largest positive value the encoding can express, 1 for floating point.
    package let fullScale: Float
    /// What had to be repaired to read the file.
    package internal(set) var warnings: [Warning]

    package enum Warning: Hashable, Sendable, CustomStringConvertible {
        /// A size in the header disagrees with the file.
        case wrongSize
        /// A number in the description of the format disagrees with the others, which agree among themselves.
        case wrongFormatField
        /// A tag in front of the file was skipped.
        case leadingTag(byteCount: Int)
        /// A damaged chunk in front of the samples was skipped.
        case damagedChunk
        /// Bytes after the end of the sound were ignored.
        case trailingBytes(Int)
        /// What follows the last frame was ignored.
        case unreadRest
        /// The last frame was incomplete and was dropped.
        case partialFrame(byteCount: Int)
        /// The file carries no checksum of its content.
        case noChecksum

        package var description: String {
            switch self {
            case .wrongSize: "a size in the header is wrong; the samples were found without it"
            case .wrongFormatField: "one number of the format is wrong; the others agree and were believed"
            case .leadingTag(let count): "a tag of \(count) bytes before the sound was skipped"
            case .damagedChunk: "a damaged chunk before the samples was skipped"
            case .trailingBytes(let count): "\(count) bytes after the end of the sound were ignored"
            case .unreadRest: "what follows the end of the sound was ignored"
            case .partialFrame(let count): "the last frame was incomplete; its \(count) bytes were dropped"
            case .noChecksum: "the file carries no checksum of its samples"
            }
        }
    }

    package init(
        name: String, sampleRateHz: Int, channelCount: Int, samples: [Float], fullScale: Float = 1,
        warnings: [Warning] = []
    ) {
        precondition(
            channelCount > 0 && samples.count % channelCount == 0, "\(samples.count) in \(channelCount) channels")
        self.name = name
        self.sampleRateHz = sampleRateHz
        self.channelCount = channelCount
        self.frameCount = samples.count / channelCount
        self.samples = samples
        self.fullScale = fullScale
        self.warnings = warnings
    }

    /// The samples of one microphone; channels are never averaged, since that would comb-filter an array.
    ///
    /// - Parameter index: 0 ..< channelCount.
    /// - Returns: **Shape** (frameCount).
    /// - Throws: `AudioError` with code `noSuchChannel`.
    package func channel(_ index: Int) throws(AudioError) -> [Float] {
        guard (0..<channelCount).contains(index) else {
            throw AudioError(
                .noSuchChannel, clip: name,
                "has \(channelCount) channel(s), numbered from 0; channel \(index) was asked for. Choose another.")
        }
        if channelCount == 1 { return samples }
        return samples.withUnsafeBufferPointer { samples in
            [Float](unsafeUninitializedCapacity: frameCount) { channel, count in
                for frame in 0..<frameCount { channel[frame] = samples[frame * channelCount + index] }
                count = frameCount
            }
        }
    }
}
