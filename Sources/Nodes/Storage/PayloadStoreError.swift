internal import Glibc

/// Why a payload store could not do what it was asked.
package struct PayloadStoreError: Error, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// There is no room for a further segment: accept nothing until there is.
        case full
        /// The store cannot be reached now; the same call may go through later.
        case unavailable
        /// fdatasync failed: what is on disk is unknown, and only a restart finds out. Never try again.
        case syncFailed
        /// A record is not what was written, or not there.
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

    /// - Parameter what: continues "cannot …".
    init(errno number: Int32, _ what: String) {
        let isFull = number == ENOSPC || number == EDQUOT || number == EFBIG
        self.init(isFull ? .full : .refused, "cannot \(what): \(String(cString: strerror(number)))")
    }
}
