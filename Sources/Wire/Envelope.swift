/// One message with what its header says besides the command. Its payload travels beside it and is never looked at here.
package struct Envelope: Hashable, Sendable {
    /// The minor version the sender speaks.
    package var minor: UInt8
    /// Answers carry the number of the request; 0 where nothing is asked or answered.
    package var sequence: UInt32
    package var message: WireMessage

    package init(_ message: WireMessage, sequence: UInt32 = 0, minor: UInt8 = WireHeader.minor) {
        self.message = message
        self.sequence = sequence
        self.minor = minor
    }

    /// Frame [0].
    package var header: WireHeader {
        WireHeader(minor: minor, command: message.command.rawValue, sequence: sequence)
    }
}

/// What came of reading the frames of a message.
package enum Decoded: Hashable, Sendable {
    case envelope(Envelope)
    /// A message that can be read, and that holds what no message may.
    case refused(Envelope, WireError)
    /// The sequence is that of the header, 0 when the header could not be read: the REJECT carries it.
    case invalid(WireError, sequence: UInt32)
}

extension Envelope {
    /// Reads a message. Whatever the bytes are, the answer is a value.
    ///
    /// - Parameters:
    ///   - header: frame [0]
    ///   - body: frame [1], nil when there is none
    ///   - payload: bytes in each of the frames [2...]
    package static func decode(
        header: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer?, payload: [Int]
    ) -> Decoded {
        guard let header = WireHeader(header) else {
            return .invalid(WireError(.badHeader, "frame 0 is not a 16-byte header that begins with AUSC"), sequence: 0)
        }
        let envelope: Envelope
        do {
            envelope = try decode(header, body)
        } catch {
            return .invalid(error, sequence: header.sequence)
        }
        do {
            try envelope.message.checkFields()
            try checkPayload(payload, of: envelope.message)
        } catch {
            return .refused(envelope, error)
        }
        return .envelope(envelope)
    }

    private static func decode(
        _ header: WireHeader, _ body: UnsafeRawBufferPointer?
    ) throws(WireError) -> Envelope {
        guard header.major == WireHeader.major else {
            throw WireError(
                .unknownMajor, "major version \(header.major) is not spoken here, only \(WireHeader.major)")
        }
        guard let command = Command(rawValue: header.command) else {
            throw WireError(.unknownCommand, "command \(header.command) is not known in version \(WireHeader.version)")
        }
        let rule = command.rule
        guard let body else { throw WireError(.badBody, "\(rule.name) came without frame 1") }
        guard body.count <= rule.body.rawValue else {
            throw WireError(
                .tooLarge, "frame 1 of \(rule.name) has \(body.count) bytes, at most \(rule.body.rawValue) are allowed")
        }
        let message: WireMessage
        do {
            message = try WireMessage(command, serialized: Array(body))
        } catch {
            throw WireError(.badBody, "frame 1 of \(rule.name) is not its protobuf message: \(error)")
        }
        return Envelope(message, sequence: header.sequence, minor: header.minor)
    }

    private static func checkPayload(_ payload: [Int], of message: WireMessage) throws(WireError) {
        let rule = message.command.rule
        guard rule.carriesPayload || payload.isEmpty else {
            throw WireError(.badPayload, "\(rule.name) carries no payload, but \(payload.count) frames came with it")
        }
        guard payload.count <= MessageLimits.partCount else {
            throw WireError(.tooLarge, "\(rule.name) has more than \(MessageLimits.partCount) payload frames")
        }
        if let part = payload.first(where: { $0 > MessageLimits.partBytes }) {
            throw WireError(
                .tooLarge,
                "a payload frame of \(rule.name) has \(part) bytes, at most \(MessageLimits.partBytes) are allowed")
        }
        let total = UInt64(payload.reduce(0, +))
        if let announced = message.announcedPayload, announced != total {
            throw WireError(.badPayload, "\(rule.name) announces \(announced) bytes of payload, but \(total) came")
        }
    }
}

extension WireMessage {
    /// The payload's length where the message states it, bytes.
    fileprivate var announcedPayload: UInt64? {
        switch self {
        case .submit(let submit): submit.length
        case .put(let put): put.length
        case .content(let content): content.length
        default: nil
        }
    }
}
