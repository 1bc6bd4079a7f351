internal import Wire

/// Feeds the decoder what no honest peer sends: random bytes, and honest messages with bits flipped, bytes inserted,
/// ends cut and lengths exaggerated.
package struct WireFuzz {
    private var random: SplitMix64
    private let corpus: [(header: [UInt8], body: [UInt8])]

    package init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        corpus = WireSamples.all.map { envelope in
            var header = [UInt8](repeating: 0, count: WireHeader.byteCount)
            header.withUnsafeMutableBytes { envelope.header.write(to: $0) }
            return (header, envelope.message.serialized())
        }
    }

    /// How many of `count` inputs were messages after all; every other one was refused by number.
    package mutating func run(_ count: Int) -> Int {
        var understood = 0
        for _ in 0..<count {
            if case .envelope = next() { understood += 1 }
        }
        return understood
    }

    private mutating func next() -> Decoded {
        let message = message()
        return message.header.withUnsafeBytes { header in
            message.body.withUnsafeBytes { Envelope.decode(header: header, body: $0, payload: message.payload) }
        }
    }

    /// The frames of one message: header, body, and the sizes of those that follow.
    package mutating func message() -> (header: [UInt8], body: [UInt8], payload: [Int]) {
        var (header, body) = corpus[Int.random(in: 0..<corpus.count, using: &random)]
        switch Int.random(in: 0..<8, using: &random) {
        case 0: header = randomBytes(upTo: 40)
        case 1: body = randomBytes(upTo: 200)
        case 2: header[Int.random(in: 0..<header.count, using: &random)] = random.byte()
        default:
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&body) }
        }
        let payload = (0..<Int.random(in: 0..<4, using: &random)).map { _ in
            Int.random(in: 0..<MessageLimits.partBytes * 2, using: &random)
        }
        return (header, body, payload)
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return bytes = randomBytes(upTo: 20) }
        let position = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[position] = random.byte()
        case 2: bytes.removeSubrange(position...)
        case 3: bytes.insert(contentsOf: randomBytes(upTo: 8), at: position)
        // A varint that claims to be huge: lengths, tags and counts.
        default: bytes.replaceSubrange(position...position, with: [0xff, 0xff, 0xff, 0xff, 0x0f])
        }
    }

    private mutating func randomBytes(upTo limit: Int) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &random)).map { _ in random.byte() }
    }
}
