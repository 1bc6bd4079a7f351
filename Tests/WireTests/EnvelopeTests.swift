import SwiftProtobuf
import TestSupport
import Testing
import Wire

@Suite struct EnvelopeTests {
    private static func frames(of envelope: Envelope) -> (header: [UInt8], body: [UInt8]) {
        var header = [UInt8](repeating: 0xff, count: WireHeader.byteCount)
        header.withUnsafeMutableBytes { envelope.header.write(to: $0) }
        return (header, envelope.message.serialized())
    }

    private static func decode(_ header: [UInt8], _ body: [UInt8]?, payload: [Int] = []) -> Decoded {
        header.withUnsafeBytes { header in
            guard let body else { return Envelope.decode(header: header, body: nil, payload: payload) }
            return body.withUnsafeBytes { Envelope.decode(header: header, body: $0, payload: payload) }
        }
    }

    private static func payload(for envelope: Envelope) -> [Int] {
        switch envelope.message.command {
        case .submit, .put, .content: [5]
        default: []
        }
    }

    private static func code(_ decoded: Decoded) -> WireError.Code? {
        switch decoded {
        case .invalid(let error, _), .refused(_, let error): error.code
        case .envelope: nil
        }
    }

    @Test(arguments: WireSamples.all)
    func everyCommandComesBack(_ envelope: Envelope) {
        let (header, body) = Self.frames(of: envelope)
        #expect(Self.decode(header, body, payload: Self.payload(for: envelope)) == .envelope(envelope))
    }

    @Test(arguments: Command.allCases)
    func everySampleIsOfItsCommand(_ command: Command) {
        #expect(WireSamples.message(of: command).command == command)
    }

    /// The bytes a third party must write, not only what we read back ourselves.
    @Test func theHeaderIsLaidOutAsDocumented() {
        let header = WireHeader(major: 1, minor: 2, command: 0x0304, flags: 0x0506_0708, sequence: 0x090a_0b0c)
        var bytes = [UInt8](repeating: 0, count: 16)
        bytes.withUnsafeMutableBytes { header.write(to: $0) }
        #expect(bytes == [0x41, 0x55, 0x53, 0x43, 1, 2, 4, 3, 8, 7, 6, 5, 0x0c, 0x0b, 0x0a, 9])
        #expect(bytes.withUnsafeBytes { WireHeader($0) } == header)
    }

    @Test(arguments: WireSamples.all)
    func aMessageCutAnywhereIsAValue(_ envelope: Envelope) {
        let (header, body) = Self.frames(of: envelope)
        for length in 0..<header.count {
            #expect(Self.code(Self.decode(Array(header[..<length]), body)) == .badHeader)
        }
        #expect(Self.code(Self.decode(header, nil)) == .badBody)
        for length in 0..<body.count {
            switch Self.decode(header, Array(body[..<length]), payload: Self.payload(for: envelope)) {
            // A cut between two fields leaves a message, but another one.
            case .envelope(let cut): #expect(cut != envelope)
            case .refused(let cut, let error):
                #expect(cut != envelope || error.code == .badPayload)
                #expect([.badField, .badPayload].contains(error.code))
            case .invalid(let error, let sequence):
                #expect([.badBody, .badPayload].contains(error.code))
                #expect(sequence == envelope.sequence)
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func nothingTrapsTheDecoder(seed: UInt64) {
        var fuzz = WireFuzz(seed: seed)
        let understood = fuzz.run(20_000)
        // Some mutations are harmless, most are not: both kinds were tried.
        #expect((200..<15_000).contains(understood), "seed \(seed)")
    }

    @Test func anotherMajorVersionIsToldTheRange() {
        var (header, body) = Self.frames(of: Envelope(.askStatus(.init())))
        header[4] = 2
        guard case .invalid(let error, _) = Self.decode(header, body) else {
            Issue.record("major version 2 was accepted")
            return
        }
        #expect(error.code == .unknownMajor)
        #expect(error.reason.contains("only 1"))
    }

    @Test func aNewerMinorVersionIsUnderstood() {
        let goodbye = WireMessage.goodbye(.with { $0.reason = "end" })
        var (header, body) = Self.frames(of: Envelope(goodbye))
        header[5] = 9
        // Field 100, a varint this version has never heard of.
        body += [0xa0, 0x06, 0x01]
        #expect(Self.decode(header, body) == .envelope(Envelope(goodbye, minor: 9)))
    }

    @Test func anUnknownCommandIsRefused() {
        var (header, body) = Self.frames(of: Envelope(.askStatus(.init())))
        header[7] = 0x7f
        #expect(Self.code(Self.decode(header, body)) == .unknownCommand)
    }

    @Test func payloadMustFitItsMessage() {
        let (header, body) = Self.frames(of: Envelope(WireSamples.message(of: .submit)))
        #expect(Self.code(Self.decode(header, body, payload: [4])) == .badPayload)
        #expect(Self.code(Self.decode(header, body, payload: [])) == .badPayload)
        #expect(Self.code(Self.decode(header, body, payload: [2, 3])) == nil)
        #expect(Self.code(Self.decode(header, body, payload: [MessageLimits.partBytes + 1])) == .tooLarge)
        let parts = [Int](repeating: 1, count: MessageLimits.partCount + 1)
        #expect(Self.code(Self.decode(header, body, payload: parts)) == .tooLarge)
        let beat = Self.frames(of: Envelope(.heartbeat(.init())))
        #expect(Self.code(Self.decode(beat.header, beat.body, payload: [1])) == .badPayload)
    }

    @Test func aBodyBeyondItsLimitIsNotParsed() {
        let (header, _) = Self.frames(of: Envelope(.askStatus(.init())))
        let body = [UInt8](repeating: 0, count: CommandRule.Body.small.rawValue + 1)
        #expect(Self.code(Self.decode(header, body)) == .tooLarge)
    }
}
