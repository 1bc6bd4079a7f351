/// Why a model cannot be read, fitted, calibrated, or cannot score a clip.
package struct ModelError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The model was not trained on this machine.
        case unknownMachine
        /// A log-mel clip was computed with other parameters than the model hears with.
        case otherFeature
        /// The clip is shorter or longer than the model can score.
        case wrongLength
        /// The score is not a finite number.
        case notFinite
        /// The model file cannot be used.
        case damagedFile
        /// Too few normal clips to fit or to calibrate.
        case tooFewClips
        /// The training clips are all alike.
        case noVariety
        /// The wanted threshold makes no sense, or the model lacks the normal clips that a score compares with.
        case notCalibrated
    }

    package let code: Code
    /// What happened and what to do about it, one sentence.
    package let reason: String

    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    package var description: String { reason }
}
