import Messaging
import TestSupport
import Wire

/// What no honest peer says, message after message: most in good form with the extremes of one field, the others random or
/// mutated. The same seed makes the same messages.
struct HostileMessages {
    private let extremes: [WireExtremes.Case]
    /// Nil where only extremes are wanted.
    private var fuzz: WireFuzz?
    private var random: SplitMix64

    /// - Parameters:
    ///   - isMutated: whether random and mutated messages are among them.
    ///   - fits: which commands are worth saying.
    init(seed: UInt64, isMutated: Bool = true, where fits: (Command) -> Bool) {
        extremes = Command.allCases.filter(fits).flatMap { WireExtremes.cases(of: $0) }
        fuzz = isMutated ? WireFuzz(seed: seed) : nil
        random = SplitMix64(seed: seed &+ 1)
    }

    /// The frames of a message, and whether they belong on the data lane.
    mutating func next() -> (frames: [Frame], isData: Bool) {
        if Int.random(in: 0..<8, using: &random) == 0, let (header, body, payload) = fuzz?.message() {
            let parts = payload.map { Frame([UInt8](repeating: 0x52, count: $0 % 20_000)) }
            return ([Frame(header), Frame(body)] + parts, Bool.random(using: &random))
        }
        let extreme = extremes[Int.random(in: 0..<extremes.count, using: &random)]
        let rule = extreme.command.rule
        let hasPayload = rule.carriesPayload && Bool.random(using: &random)
        let payload = hasPayload ? [Frame([1, 2, 3, 4, 5])] : []
        return ([Frame(extreme.header), Frame(extreme.body)] + payload, rule.lane == .data)
    }
}
