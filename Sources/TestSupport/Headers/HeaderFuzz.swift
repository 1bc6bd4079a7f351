/// Feeds the readers of files what no honest writer sends: sound files of every format with a header that was flipped,
/// overwritten, lengthened, shortened or cut.
///
/// The samples and numbers themselves stay as they are, so only two answers are right: those of the whole file, or a
/// refusal. A third is unavoidable: a change that makes another sound file, all of whose statements agree, such as A-law that
/// calls itself mu-law. Each specimen recognises those by a check of its own, apart from the reader's.
package struct HeaderFuzz {
    package enum Outcome: String, CaseIterable, Sendable {
        case exact, refused, otherFile, wrong
    }

    package struct Tally: Sendable {
        package var counts: [String: [Outcome: Int]] = [:]
        /// The first wrong answers, as specimen and bytes.
        package var wrong: [(specimen: String, bytes: [UInt8])] = []

        package func count(_ outcome: Outcome) -> Int { counts.values.reduce(0) { $0 + $1[outcome, default: 0] } }

        package mutating func add(_ other: Tally) {
            for (name, outcomes) in other.counts {
                counts[name, default: [:]].merge(outcomes, uniquingKeysWith: +)
            }
            wrong = Array((wrong + other.wrong).prefix(5))
        }
    }

    private var random: SplitMix64
    private let specimens: [HeaderSpecimen]

    package init(seed: UInt64, specimens: [HeaderSpecimen] = HeaderSpecimen.all) {
        random = SplitMix64(seed: seed)
        self.specimens = specimens
    }

    package mutating func run(_ count: Int) -> Tally {
        var tally = Tally()
        for index in 0..<count {
            let specimen = specimens[index % specimens.count]
            let bytes = mutated(specimen)
            let outcome = specimen.judge(bytes)
            tally.counts[specimen.name, default: [:]][outcome, default: 0] += 1
            if outcome == .wrong, tally.wrong.count < 5 { tally.wrong.append((specimen.name, bytes)) }
        }
        return tally
    }

    /// Every single bit of the headers, flipped in turn.
    package static func everyBit(of specimens: [HeaderSpecimen] = HeaderSpecimen.all) -> Tally {
        var tally = Tally()
        for specimen in specimens {
            for place in specimen.header {
                for bit in 0..<8 {
                    var bytes = specimen.bytes
                    bytes[place] ^= 1 << bit
                    let outcome = specimen.judge(bytes)
                    tally.counts[specimen.name, default: [:]][outcome, default: 0] += 1
                    if outcome == .wrong, tally.wrong.count < 5 { tally.wrong.append((specimen.name, bytes)) }
                }
            }
        }
        return tally
    }

    private mutating func mutated(_ specimen: HeaderSpecimen) -> [UInt8] {
        var bytes = specimen.bytes
        let place = specimen.header[Int.random(in: 0..<specimen.header.count, using: &random)]
        switch Int.random(in: 0..<10, using: &random) {
        case 0...2: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 3...4:
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[specimen.header[Int.random(in: 0..<specimen.header.count, using: &random)]] = random.byte()
            }
        case 5...6: write(interestingNumber(bytes.count), over: &bytes, at: place, of: specimen)
        case 7: bytes.insert(contentsOf: randomBytes(1...9), at: place)
        case 8:
            let end = Int.random(in: 1...9, using: &random) + place
            bytes.removeSubrange(place..<((place..<end).first { !specimen.header.contains($0) } ?? end))
        default:
            let cut = Int.random(in: 1..<bytes.count, using: &random)
            // Android's recorders count 44 bytes too many, which looks like a file that lacks as many.
            bytes.removeLast(cut == 44 ? 45 : cut)
        }
        return bytes
    }

    /// A size that programs write when they err.
    private mutating func interestingNumber(_ count: Int) -> UInt32 {
        let near = Int.random(in: -48...48, using: &random)
        let numbers = [0, 0xffff_ffff, 0x7fff_ffff, 0x8000_0000, count + near, count - 44 + near, near, 2 * count]
        return UInt32(truncatingIfNeeded: numbers[Int.random(in: 0..<numbers.count, using: &random)])
    }

    private func write(_ number: UInt32, over bytes: inout [UInt8], at place: Int, of specimen: HeaderSpecimen) {
        for index in 0..<4 where specimen.header.contains(place + index) {
            bytes[place + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
        }
    }

    private mutating func randomBytes(_ count: ClosedRange<Int>) -> [UInt8] {
        (0..<Int.random(in: count, using: &random)).map { _ in random.byte() }
    }
}
