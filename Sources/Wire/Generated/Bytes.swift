package import FoundationEssentials

// The generated messages hold bytes as `Data`. Here, beside them, is the one place in this room that knows it.

extension Data {
    /// The bytes for a field of a message.
    package init(wire bytes: [UInt8]) { self.init(bytes) }
}
