/// Why a safetensors file was refused.
package struct SafetensorsError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case truncated, headerTooLarge, malformedHeader, duplicateName, unsupportedType, badShape, badOffsets, notFinite
        case missingTensor
    }

    package let code: Code
    /// The file's name as the caller gave it.
    package let file: String
    /// What is wrong and what to do about it, one sentence.
    package let reason: String

    package var description: String { "\(file) is not a usable safetensors file: \(reason)" }
}
