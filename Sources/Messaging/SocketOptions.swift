/// How a socket behaves towards slow, silent and oversized peers.
package struct SocketOptions: Hashable, Sendable {
    /// Messages queued per connection and direction before a send says `.full`. Credits keep a healthy queue far below.
    package var highWaterMark: Int
    /// How long queued messages may still be sent after the socket was closed, milliseconds.
    package var lingerMilliseconds: Int
    /// Largest single frame accepted, bytes; a peer that sends a larger one is disconnected.
    package var frameBytes: Int
    /// Frames kept of one message; what follows is thrown away, so that a decoder sees one more than it allows.
    package var frameCount: Int

    package init(
        highWaterMark: Int = 1000, lingerMilliseconds: Int = 1000, frameBytes: Int = 1 << 20, frameCount: Int = 1024
    ) {
        self.highWaterMark = highWaterMark
        self.lingerMilliseconds = lingerMilliseconds
        self.frameBytes = frameBytes
        self.frameCount = frameCount
    }

    /// Small messages; what is queued at the end is still sent for a second.
    package static let control = SocketOptions()
    /// Messages with payload: a short queue, nothing lingers.
    package static let data = SocketOptions(highWaterMark: 64, lingerMilliseconds: 0)
}
