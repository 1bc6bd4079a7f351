internal import CZeroMQ

/// A CURVE key as people write it: 40 characters of Z85, which stand for 32 bytes.
package struct CurveKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package static let characterCount = 40
    package static let byteCount = 32

    package let text: String

    /// Returns nil unless the text is Z85 of 32 bytes.
    package init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        guard text.utf8.count == Self.characterCount, zmq_z85_decode(&bytes, text) != nil else { return nil }
        self.text = text
    }

    /// Returns nil unless there are 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        var text = [CChar](repeating: 0, count: Self.characterCount + 1)
        guard zmq_z85_encode(&text, bytes, bytes.count) != nil else { return nil }
        self.text = String(decoding: text.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// The two halves of a peer's identity. The secret one stays in its file; nothing prints it.
package struct CurveKeyPair: Hashable, Sendable, CustomStringConvertible {
    package let publicKey: CurveKey
    /// Z85, like the public one.
    package let secret: String

    /// A new pair from the system's random numbers.
    package init() throws(MessagingError) {
        var (publicText, secretText) = (
            [CChar](repeating: 0, count: CurveKey.characterCount + 1),
            [CChar](repeating: 0, count: CurveKey.characterCount + 1)
        )
        guard zmq_curve_keypair(&publicText, &secretText) == 0 else { throw .last("make a key pair") }
        let secret = String(decoding: secretText.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard let pair = CurveKeyPair(secret: secret) else {
            throw MessagingError(.badKey, "libzmq made a key pair that is none")
        }
        self = pair
    }

    /// The pair of a secret key; nil when the text is no key.
    package init?(secret: String) {
        guard CurveKey(secret) != nil else { return nil }
        var text = [CChar](repeating: 0, count: CurveKey.characterCount + 1)
        guard zmq_curve_public(&text, secret) == 0,
            let publicKey = CurveKey(String(decoding: text.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
        else { return nil }
        self.publicKey = publicKey
        self.secret = secret
    }

    package var description: String { "key pair \(publicKey)" }
}
