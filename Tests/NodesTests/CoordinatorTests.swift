import Ledger
import Logging
import Nodes
import Plant
import Synchronization
import Testing
import Training
import Wire

/// The coordinator's decisions, without a socket.
@Suite struct CoordinatorTests {
    /// A run of one shard that nobody ever computes, and which needs content of its own.
    private struct Standing: ShardedRun {
        let content: [UInt8]

        var outstanding: [ShardRequest] {
            [ShardRequest(place: ShardPlace(shard: 0), kind: "standing", specification: content)]
        }
        var provisions: [Provision] { [Provision(hash: ContentHash(of: content)) { content }] }
        var progress: Double { 0 }
        var isComplete: Bool { false }
        mutating func fold(_ output: [UInt8], of place: ShardPlace) throws(WireError) -> Folding { .passedOver }
        func finish() throws(RunFailure) -> RunResult { throw RunFailure("it stands") }
    }

    /// What a broker was handed and asked, and what it will not take.
    private final class PickyBroker: Sendable {
        struct Refusal: Error {}
        let refused = Mutex<Set<ContentHash>>([])
        let asked = Mutex<[Int64]>([])

        var access: Coordinator.BrokerAccess {
            .init(
                send: { message in
                    if case .askShards(let ask) = message { self.asked.withLock { $0 += ask.shards.map(\.key.run) } }
                },
                put: { hash, _ in if self.refused.withLock({ $0.contains(hash) }) { throw Refusal() } })
        }

        func takeAsked() -> [Int64] {
            asked.withLock { asked in
                defer { asked = [] }
                return asked
            }
        }
    }

    @Test func aRunWhoseContentIsNotTakenHoldsUpNoOther() throws {
        let (ledger, broker) = (MemoryLedger(), PickyBroker())
        try ledger.createDataset("plant", feature: nil)
        let request = RunRequest(kind: .train, model: "standing", dataset: "plant", specification: "{}")
        let runs = [try ledger.submit(request), try ledger.submit(request)]
        let coordinator = try Coordinator(
            ledger: ledger, holder: "test", broker: broker.access, journal: nil,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { .init(work: Standing(content: [UInt8($0.run)]), clipCount: 1) }
        try coordinator.lookForWork(now: 0)
        #expect(broker.takeAsked() == runs)

        // A new broker knows neither run, and does not take the content of the first.
        broker.refused.withLock { $0 = [ContentHash(of: [UInt8(runs[0])])] }
        #expect(throws: PickyBroker.Refusal.self) { try coordinator.askAgain(now: 1) }
        #expect(broker.takeAsked() == [runs[1]])
        broker.refused.withLock { $0 = [] }
        try coordinator.lookForWork(now: 2)
        #expect(broker.takeAsked() == [runs[0]])
    }
}
