internal import CZeroMQ

// ZAP, RFC 27: libzmq's I/O threads ask at inproc://zeromq.zap.01 whether a connection may be made, and wait for the
// answer with the handshake, not with anything else. The socket must be bound before the first CURVE socket is.

/// Where libzmq asks whose keys are let in. Belongs to the thread that made it.
package final class ZAPSocket {
    let socket: Socket

    package init(in context: MessagingContext) throws(MessagingError) {
        socket = try Socket(.reply, in: context, options: SocketOptions(lingerMilliseconds: 0, frameCount: 16))
        guard zmq_bind(socket.handle, "inproc://zeromq.zap.01") == 0 else { throw .last("answer for authentication") }
    }

    /// Answers everything asked so far.
    ///
    /// - Parameter isAllowed: whether the owner of a key may connect. The key comes back as `user` of each message.
    package func answer(_ isAllowed: (CurveKey) -> Bool) throws(MessagingError) {
        while let request = try socket.receive() {
            let frames = request.frames.map(\.bytes)
            // Version, request, domain, address, identity, mechanism, and for CURVE the key.
            let isSound = frames.count == 7 && frames[0] == Array("1.0".utf8) && frames[5] == Array("CURVE".utf8)
            let key = isSound ? CurveKey(bytes: frames[6]) : nil
            let isWelcome = key.map(isAllowed) ?? false
            let answer = [
                Array("1.0".utf8), frames.count > 1 ? frames[1] : [],
                // 300, not 400: libzmq's client tries again after a pause, since a key may be allowed meanwhile.
                Array((isWelcome ? "200" : "300").utf8), Array((isWelcome ? "" : "key not allowed").utf8),
                Array((isWelcome ? key?.text ?? "" : "").utf8), [],
            ]
            _ = try socket.send(Message(answer.map { Frame($0) }))
        }
    }
}

extension Poller {
    @discardableResult
    package mutating func add(_ socket: ZAPSocket) -> Member { add(socket.socket) }
}
