internal import CZeroMQ
internal import Glibc

/// Why a socket could not be made, bound or used.
package struct MessagingError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// The text is not an endpoint.
        case badEndpoint
        /// The endpoint could be reached by others, and nothing protects it.
        case unprotected
        /// The text is not a key.
        case badKey
        /// Something else listens there already.
        case addressInUse
        /// This host has no such address or may not use it.
        case addressUnavailable
        /// The process has no descriptor or socket left.
        case exhausted
        /// libzmq or the kernel refused; the number is `errno`.
        case system(Int32)
    }

    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// The error that libzmq just left on this thread; `doing` completes "cannot …".
    static func last(_ doing: String) -> MessagingError {
        MessagingError(errno: zmq_errno(), doing)
    }

    init(errno number: Int32, _ doing: String) {
        let code: Code =
            switch number {
            case EADDRINUSE: .addressInUse
            case EADDRNOTAVAIL, ENODEV, EACCES, ENOENT: .addressUnavailable
            case EMFILE, ENFILE: .exhausted
            default: .system(number)
            }
        let hint =
            switch code {
            case .addressInUse: "; another process listens there: stop it or choose another endpoint"
            case .addressUnavailable: "; check the host name, the folder and the permissions"
            case .exhausted: "; raise the limit of open files (ulimit -n)"
            default: ""
            }
        self.init(code, "cannot \(doing): \(String(cString: zmq_strerror(number)))\(hint)")
    }
}
