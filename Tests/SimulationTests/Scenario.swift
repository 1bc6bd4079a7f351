import Brokerage
import TestSupport

/// What happens in one simulated world, drawn from a seed.
struct Scenario {
    /// A guard of the system taken away, to see that the simulation notices.
    enum Sabotage: String, CaseIterable {
        /// The disk says "stored" before the bytes are durable.
        case acceptBeforeSync
        /// RESULT_ACK goes out before the outcome is committed.
        case acknowledgeBeforeCommit
        /// The ledger takes writes of an epoch that is over.
        case noFence
        /// The ledger makes a new job of a clip it knows.
        case noDedupe
        /// Tokens are compared by their counter alone.
        case noEpochInTokens
        /// A new leader writes on in the segment that a stopped one still holds.
        case sharedSegment
        /// A new leader cuts the last segment off at the first damaged record, and goes on there.
        case cutAtDamage
        /// Bytes are handed out without a look at their hash.
        case unprovedBytes
        /// A clip of low priority never grows urgent.
        case noAging
        /// A site keeps the workers for as long as it has clips.
        case noTurns
        /// An order to cancel is called done before the clips have ended.
        case closeBeforeCancelling
        /// Whatever the database has to say against a statement is a verdict on its clips.
        case troubleIsAVerdict
        /// What can never be stored is tried for ever.
        case verdictIsTrouble
        /// Jobs are filed under the day that the calendar says, also after it was set back.
        case daysFollowTheCalendar
        /// The ledger moves on from clips that are open.
        case settleWhatIsOpen
        /// A clip that was given another life is looked for among the new ones.
        case reviveBehindTheMark
    }

    enum Fault {
        case crashWorker(Int)
        case pauseWorker(Int, Microseconds)
        /// The broker's process dies after so many further actions, and comes back.
        case crashBroker(afterActions: Int)
        case pauseBroker(Microseconds)
        case crashStandby
        /// Another broker leads while the first still believes that it does.
        case takeOver
        /// A broker cannot reach the database; the other one can.
        case cutOff(slot: Int, Microseconds)
        /// The calendar is set.
        case clockJump(Microseconds)
        case ledgerAway(Microseconds)
        case diskFull(Microseconds)
        case crashGateway(Int)
        /// Nothing passes between this peer and any broker.
        case partition(session: Int, Microseconds)
        /// An operator lets a site wait.
        case pauseSite(Int, Microseconds)
        case cancelSite(Int)
        /// An operator gives all dead letters another life.
        case retryDeadLetters
        /// Stored bytes are harmed.
        case damage(SimulatedDisk.Damage)
    }

    var seed: UInt64
    var sabotage: Sabotage?
    /// A second broker runs from the beginning.
    var hasStandby: Bool
    var gateways: Int
    var workers: Int
    var clipsPerGateway: Int
    var shards: Int
    var credits: Int
    /// Probabilities per message, in percent.
    var loss: Int
    var duplication: Int
    /// Probability that a statement fails in passing, in percent.
    var trouble: Int
    var latency: Range<Microseconds>
    var faults: [(at: Microseconds, Fault)]
    /// After this moment nothing goes wrong any more.
    var calmAt: Microseconds = 15_000_000
    /// Until then the gateways get their clips.
    var pushingEnds: Microseconds

    init(seed: UInt64, sabotage: Sabotage? = nil) {
        var dice = SplitMix64(seed: seed)
        self.seed = seed
        self.sabotage = sabotage
        hasStandby = .random(using: &dice)
        gateways = .random(in: 1...3, using: &dice)
        workers = .random(in: 1...4, using: &dice)
        clipsPerGateway = .random(in: 1...8, using: &dice)
        shards = .random(in: 0...6, using: &dice)
        credits = .random(in: 1...4, using: &dice)
        let isRough = Bool.random(using: &dice)
        loss = isRough ? .random(in: 0...15, using: &dice) : 0
        duplication = isRough ? .random(in: 0...15, using: &dice) : 0
        trouble = isRough ? .random(in: 0...20, using: &dice) : 1
        latency = 100..<(.random(in: 200...(isRough ? 400_000 : 2_000), using: &dice))
        pushingEnds = .random(using: &dice) ? calmAt : 1_000_000
        faults = []
        for _ in 0..<Int.random(in: 0...6, using: &dice) {
            let at = Microseconds.random(in: 0..<calmAt - 1_000_000, using: &dice)
            faults.append((at, Self.fault(gateways: gateways, workers: workers, &dice)))
        }
        // Operators act in every third world, beside the faults.
        for _ in 0..<(Int.random(in: 0..<3, using: &dice) == 0 ? Int.random(in: 1...3, using: &dice) : 0) {
            let at = Microseconds.random(in: 0..<calmAt - 1_000_000, using: &dice)
            faults.append((at, Self.order(&dice)))
        }
        // The disk goes bad in every fourth world.
        for _ in 0..<(seed % 4 == 1 ? Int.random(in: 1...4, using: &dice) : 0) {
            let at = Microseconds.random(in: 0..<calmAt - 1_000_000, using: &dice)
            faults.append((at, .damage(SimulatedDisk.Damage.allCases.randomElement(using: &dice) ?? .flip)))
        }
        if let sabotage, [.daysFollowTheCalendar, .settleWhatIsOpen, .reviveBehindTheMark].contains(sabotage) {
            // A clip is lost only where a broker has to look for it.
            for _ in 0..<2 {
                let at = Microseconds.random(in: 0..<calmAt - 1_000_000, using: &dice)
                faults += [(at, .clockJump(Self.jump(&dice))), (at, .retryDeadLetters), (at + 1_000, .takeOver)]
            }
        }
        guard sabotage == .sharedSegment else { return }
        // Only two brokers that lead at once, both with clips to store, can show that they share a segment.
        pushingEnds = calmAt
        for _ in 0..<3 { faults.append((.random(in: 0..<calmAt - 1_000_000, using: &dice), .takeOver)) }
    }

    private static func order(_ dice: inout SplitMix64) -> Fault {
        let span = Microseconds.random(in: 100_000...6_000_000, using: &dice)
        return switch Int.random(in: 0..<3, using: &dice) {
        case 0: .pauseSite(.random(in: 0..<2, using: &dice), span)
        case 1: .cancelSite(.random(in: 0..<2, using: &dice))
        default: .retryDeadLetters
        }
    }

    /// By an hour or so, by days, or by decades.
    private static func jump(_ dice: inout SplitMix64) -> Microseconds {
        let hour: Microseconds = 3_600_000_000
        let hours: Microseconds = [1, 24 * 40, 24 * 365 * 80].randomElement(using: &dice) ?? 1
        return .random(in: -hour * hours...hour * hours, using: &dice)
    }

    private static func fault(gateways: Int, workers: Int, _ dice: inout SplitMix64) -> Fault {
        let span = Microseconds.random(in: 100_000...6_000_000, using: &dice)
        let worker = Int.random(in: 0..<workers, using: &dice)
        return switch Int.random(in: 0..<14, using: &dice) {
        case 0, 1: .crashWorker(worker)
        case 2: .pauseWorker(worker, span)
        case 3, 4: .crashBroker(afterActions: .random(in: 0...20, using: &dice))
        case 5: .pauseBroker(span)
        case 6: .takeOver
        case 7: .ledgerAway(span)
        case 8: .diskFull(span)
        case 9: .crashGateway(.random(in: 0..<gateways, using: &dice))
        case 10: .crashStandby
        case 11: .cutOff(slot: .random(in: 0...1, using: &dice), 2 * span)
        case 12: .clockJump(jump(&dice))
        default: .partition(session: .random(in: 0..<(gateways + workers), using: &dice), span)
        }
    }
}
