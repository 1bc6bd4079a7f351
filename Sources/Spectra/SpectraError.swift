/// Why a log-mel could not be computed, read or written.
package struct SpectraError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The parameters contradict each other or are out of range.
        case badParameters
        /// The clip has too few samples to be framed.
        case tooShort
        /// The file is not a NumPy array, or its header is damaged.
        case notNumPy
        /// The array is not a matrix of floats.
        case unsupportedArray
        /// The file's length does not fit its shape.
        case truncated
        /// A value is infinite or not a number.
        case notFinite
    }

    package let code: Code
    /// What is wrong, with which file or clip, and what to do.
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
