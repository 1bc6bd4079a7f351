package import Audio
package import Detection
package import Spectra
package import Wire

// What the rooms below say of a clip, under the number by which the protocol knows it.

extension WireError {
    package init(_ error: AudioError) {
        let code: Code =
            switch error.code {
            case .notAudio: .notAudio
            case .unsupportedEncoding: .unsupportedEncoding
            case .malformed: .malformed
            case .noChannels: .noChannels
            case .zeroRate: .zeroRate
            case .badRate: .badRate
            case .truncated: .truncated
            case .damaged: .damaged
            case .empty: .empty
            case .notFinite: .notFinite
            case .tooLarge: .tooLong
            case .tooShort: .tooShort
            case .noSuchChannel: .noSuchChannel
            case .silent: .silent
            case .stuck: .stuck
            }
        self.init(code, error.description)
    }

    package init(_ error: SpectraError) {
        let code: Code =
            switch error.code {
            case .badParameters: .wrongFeature
            case .tooShort: .tooShort
            case .notNumPy, .unsupportedArray: .notLogMel
            case .truncated: .truncated
            case .notFinite: .notFinite
            }
        self.init(code, error.description)
    }

    /// - Parameter clip: how the sentence calls the clip; a model knows only its machine.
    package init(_ error: ModelError, clip: String) {
        let code: Code =
            switch error.code {
            case .unknownMachine: .unknownMachine
            case .otherFeature: .wrongFeature
            case .wrongLength: .tooShort
            case .notFinite: .notFinite
            case .damagedFile: .unreadableModel
            case .tooFewClips, .noVariety, .notCalibrated: .computeFailed
            }
        self.init(code, "\(clip): \(error.reason)")
    }
}
