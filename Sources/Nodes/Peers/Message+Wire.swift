package import Messaging
package import Wire

extension Message {
    /// The frames of a message of the protocol: header, body, payload.
    ///
    /// - Parameters:
    ///   - payload: at most 1 MiB each; shared, not copied
    ///   - route: on a ROUTER the connection it goes to
    package init(_ envelope: Envelope, payload: [Frame] = [], to route: Route? = nil) {
        let header = Frame(byteCount: WireHeader.byteCount) { envelope.header.write(to: $0) }
        self.init(route: route, [header, Frame(envelope.message.serialized())] + payload)
    }

    /// Frames [2...].
    package var payload: ArraySlice<Frame> { frames.dropFirst(2) }

    /// Reads what a peer sent; whatever came, the answer is a value.
    package func decoded() -> Decoded {
        guard let header = frames.first else {
            return .invalid(WireError(.badHeader, "a message without frames"), sequence: 0)
        }
        let sizes = payload.map(\.count)
        return header.withUnsafeBytes { header in
            guard frames.count > 1 else { return Envelope.decode(header: header, body: nil, payload: sizes) }
            return frames[1].withUnsafeBytes { Envelope.decode(header: header, body: $0, payload: sizes) }
        }
    }
}

extension Frame {
    /// Cuts bytes into payload frames, each full but the last; nothing for no bytes. Copies once.
    package static func payload(_ bytes: UnsafeRawBufferPointer) -> [Frame] {
        stride(from: 0, to: bytes.count, by: MessageLimits.partBytes).map { start in
            Frame(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + MessageLimits.partBytes, bytes.count)]))
        }
    }

    package static func payload(_ bytes: [UInt8]) -> [Frame] {
        bytes.withUnsafeBytes { payload($0) }
    }
}
