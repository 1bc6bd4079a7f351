internal import Files

/// Why a payload store could not do what it was asked.
package struct PayloadStoreError: Error, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// There is no room for a further segment: accept nothing until there is.
        case full
        /// The store cannot be reached now; the same call may go through later.
        case unavailable
        /// fdatasync failed: what is on disk is unknown, and only a restart finds out. Never try again.
        case syncFailed
        /// The bytes are not those that were stored, or not there.
        case damaged
        /// The operating system refuses.
        case refused
    }

    package let code: Code
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    init(_ error: FileError) { self.init(error.isFull ? .full : .refused, error.description) }
}
