/// How a socket behaves towards slow, silent and oversized peers.
package struct SocketOptions: Hashable, Sendable {
    /// Messages queued per connection before a send says `.full`. Credits keep a healthy queue far below.
    package var highWaterMark: Int
    /// Messages received per connection and not read yet; the sender waits beyond.
    package var unreadLimit: Int
    /// How long queued messages may still be sent after the socket was closed, milliseconds.
    package var lingerMilliseconds: Int
    /// Largest single frame expected, bytes; a peer that sends one larger by more than `Security.frameRoom` is
    /// disconnected.
    package var frameBytes: Int
    /// Frames kept of one message; what follows is thrown away, so that a decoder sees one more than it allows.
    package var frameCount: Int
    package var security: Security

    package init(
        highWaterMark: Int = 1000, unreadLimit: Int = 1000, lingerMilliseconds: Int = 1000, frameBytes: Int = 1 << 20,
        frameCount: Int = 1024, security: Security = .plain
    ) {
        self.highWaterMark = highWaterMark
        self.unreadLimit = unreadLimit
        self.lingerMilliseconds = lingerMilliseconds
        self.frameBytes = frameBytes
        self.frameCount = frameCount
        self.security = security
    }

    /// Small messages; what is queued at the end is still sent for a second.
    package static let control = SocketOptions()
    /// Messages with payload: a short queue, nothing lingers.
    package static let data = SocketOptions(highWaterMark: 64, unreadLimit: 64, lingerMilliseconds: 0)
}
