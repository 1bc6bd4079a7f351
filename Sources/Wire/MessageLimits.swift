/// What no message may exceed, and how peers agree that the other is alive.
package enum MessageLimits {
    /// Largest payload frame, bytes. Senders cut there; every part but the last is full.
    package static let partBytes = 1 << 20
    /// Payload frames of one message.
    package static let partCount = 256
    /// Frames of one message: header, body, payload.
    package static let frameCount = 2 + partCount
    /// Largest payload of one clip unless WELCOME says otherwise, bytes.
    package static let payloadBytes = 64 << 20
    /// Longest idempotency key, site, peer name and the like, UTF-8 bytes.
    package static let nameBytes = 256
    package static let heartbeatMilliseconds = 1_000
    /// After so many silent heartbeat periods the other side is taken for dead.
    package static let missedHeartbeats = 3
}
