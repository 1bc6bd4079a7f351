/// Why a clip could not be turned into samples, or why its samples must not be scored.
package struct AudioError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The bytes are neither WAV nor FLAC.
        case notAudio
        /// The file is WAV or FLAC, with an encoding that is not read.
        case unsupportedEncoding
        /// The header contradicts itself.
        case malformed
        case noChannels
        /// The header says 0 Hz.
        case zeroRate
        /// The header's rate is not one a recorder uses, or cannot be converted.
        case badRate
        /// The file ends before its header says so.
        case truncated
        /// A checksum of the file does not fit its content.
        case damaged
        /// The file holds no samples.
        case empty
        /// A sample is infinite or not a number.
        case notFinite
        /// The file or its samples exceed the limits of the service.
        case tooLarge
        /// The clip is shorter than the model listens.
        case tooShort
        case noSuchChannel
        /// The sensor delivers silence.
        case silent
        /// The sensor repeats one value.
        case stuck
    }

    package let code: Code
    /// The name under which the clip came in.
    package let clip: String
    /// The clip's name, what is wrong with it, and what to do.
    package let description: String

    package init(_ code: Code, clip: String, _ sentence: String) {
        self.code = code
        self.clip = clip
        description = "\(clip): \(sentence)"
    }
}
