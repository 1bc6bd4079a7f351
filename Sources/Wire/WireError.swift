/// Why something was refused, as a number of the registry and a sentence about this case.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    package let code: Code
    /// What happened, to which clip, and what to do next.
    package let reason: String

    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    package var description: String { "\(reason) [\(code)]" }

    /// An error number. Open: a newer peer may send numbers this version does not know.
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: UInt32

        package init(rawValue: UInt32) { self.rawValue = rawValue }
    }
}
