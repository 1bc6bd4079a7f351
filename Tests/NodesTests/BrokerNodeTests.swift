import Brokerage
import FoundationEssentials
import Ledger
import Logging
import Messaging
import Nodes
import Plant
import SwiftProtobuf
import Testing
import Wire

/// The broker as a service, over real sockets and files.
@Suite struct BrokerNodeTests {
    /// A broker with a folder and a notebook; the folder goes away with it.
    private final class House {
        let directory = FileManager.default.temporaryDirectory.appending(path: "auscult-broker-\(UUID().uuidString)")
            .path
        let ledger = MemoryLedger()
        let lockPlace = MemoryLeaderLock.Place()
        let failures: Mailbox<String>
        var node: BrokerNode?

        init() throws {
            failures = try Mailbox()
            let feature = FeatureRecord(
                sampleRateHz: 16_000, fftLength: 2_048, hopLength: 512, melBands: 128, reflectPadding: false)
            let model = try ledger.addModel(
                ModelDraft(
                    kind: "density", file: [1, 2, 3], weightsHash: ContentHash(of: [1]), feature: feature, dataset: nil,
                    machines: [try #require(MachineName("fan/id_00"))]))
            _ = try ledger.promote(model.version, machines: nil)
            try open()
        }

        func open() throws {
            var configuration = BrokerConfiguration()
            configuration.adoptionWindow = 100_000
            node = try BrokerNode.start(
                BrokerNode.Configuration(
                    listen: .tcp(host: "127.0.0.1", port: 0), dataDirectory: directory, holder: "test",
                    broker: configuration),
                lock: MemoryLeaderLock(lockPlace), ledger: { [ledger] in ledger },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                onFailure: { [failures] in failures.post("\($0)") })
        }

        func close() throws {
            try node?.stop()
            node = nil
        }

        func peer(_ role: WireRole, _ name: String, session: String = "1") throws -> BrokerPeer {
            try BrokerPeer(role, name, at: try #require(node).endpoint, session: session)
        }

        /// Comes again until the broker leads; returns its epoch.
        func welcome(_ role: WireRole, _ name: String) throws -> (epoch: UInt64, peer: BrokerPeer) {
            for attempt in 1... {
                let peer = try peer(role, name, session: "\(attempt)")
                if let welcome = try peer.joinUnlessSentAway() { return (welcome.epoch, peer) }
            }
            preconditionFailure("attempts never end")
        }

        deinit {
            do {
                try close()
                try FileManager.default.removeItem(atPath: directory)
            } catch {
                Issue.record("cannot tidy up: \(error)")
            }
        }
    }

    private static let wav = Array("RIFF".utf8) + (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) }

    private func submit(_ key: String, _ payload: [UInt8], machine: String = "id_00") -> WireSubmit {
        .with {
            $0.key = key
            $0.site = "plant"
            $0.machine.type = "fan"
            $0.machine.id = machine
            $0.sha256 = Data(ContentHash(of: payload).bytes)
            $0.format = .audio
            $0.length = UInt64(payload.count)
            $0.name = "\(key).wav"
            $0.follow = true
        }
    }

    private func score(_ dispatch: WireDispatch) -> WireResult {
        .with {
            $0.token = dispatch.token
            $0.job = dispatch.job
            $0.score.modelVersion = dispatch.score.modelVersion
            $0.score.score = 2.5
            $0.score.verdict = "normal"
        }
    }

    @Test func aClipTravelsFromGatewayToWorkerToLedger() throws {
        let house = try House()
        let gateway = try house.peer(.gateway, "gateway")
        let worker = try house.peer(.worker, "worker")
        #expect(try gateway.join().epoch == 1)
        _ = try worker.join()
        try gateway.say(.submit(submit("a", Self.wav)), payload: Self.wav)
        let (accepted, _) = try gateway.wait { if case .accepted(let accepted) = $0 { accepted } else { nil } }
        #expect(accepted.key == "a" && accepted.job > 0 && !accepted.duplicate)
        let (dispatch, payload) = try worker.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }
        #expect(payload == Self.wav)
        #expect(dispatch.score.machine.id == "id_00" && dispatch.score.modelVersion == "density-1")
        try worker.say(.result(score(dispatch)))
        _ = try worker.wait {
            if case .resultAck(let ack) = $0 { ack.token == dispatch.token ? ack : nil } else { nil }
        }
        let (outcome, _) = try gateway.wait { if case .outcome(let outcome) = $0 { outcome } else { nil } }
        #expect(outcome.score.score == 2.5)
        #expect(try house.ledger.outcome(of: accepted.job)?.worker == "worker")
    }

    @Test func aRestartedBrokerReadsTheClipBackFromItsDisk() throws {
        let house = try House()
        let gateway = try house.peer(.gateway, "gateway")
        _ = try gateway.join()
        try gateway.say(.submit(submit("a", Self.wav)), payload: Self.wav)
        _ = try gateway.wait { if case .accepted(let accepted) = $0 { accepted } else { nil } }
        try house.close()
        try house.open()
        let worker = try house.peer(.worker, "worker")
        #expect(try worker.join().epoch == 2)
        let (dispatch, payload) = try worker.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }
        #expect(payload == Self.wav)
        #expect(dispatch.token >> 32 == 2)
    }

    @Test func badClipsAreRefusedByNumber() throws {
        let house = try House()
        let gateway = try house.peer(.gateway, "gateway")
        _ = try gateway.join()
        func refusal(_ message: WireSubmit, _ payload: [UInt8]) throws -> WireError.Code {
            try gateway.say(.submit(message), payload: payload)
            return try gateway.wait { if case .reject(let reject) = $0 { reject.error.code } else { nil } }.0
        }
        let text = Array("hello".utf8)
        #expect(try refusal(submit("text", text), text) == .notAudio)
        #expect(try refusal(submit("stranger", Self.wav, machine: "id_99"), Self.wav) == .unknownMachine)
        #expect(try refusal(submit("nameless", Self.wav, machine: "a b"), Self.wav) == .unknownMachine)
        var damaged = submit("damaged", Self.wav)
        damaged.sha256 = Data(repeating: 1, count: 32)
        #expect(try refusal(damaged, Self.wav) == .wrongSHA256)
        var short = submit("short", Self.wav)
        short.length += 1
        #expect(try refusal(short, Self.wav) == .badPayload)
        #expect(try house.ledger.pendingClips(after: 0, limit: 10).isEmpty)
    }

    @Test func rolesLanesAndHelloAreChecked() throws {
        let house = try House()
        let gateway = try house.peer(.gateway, "gateway")
        func refusal() throws -> WireError.Code {
            try gateway.wait { if case .reject(let reject) = $0 { reject.error.code } else { nil } }.0
        }
        try gateway.say(.heartbeat(WireHeartbeat()))
        #expect(try refusal() == .notWelcomed)
        _ = try gateway.join()
        try gateway.say(.askShards(WireAskShards()))
        #expect(try refusal() == .notAllowed)
        try gateway.say(.submit(submit("a", Self.wav)), payload: Self.wav, on: .control)
        #expect(try refusal() == .wrongLane)
        try gateway.sayRaw([Array("nonsense".utf8)])
        #expect(try refusal() == .badHeader)
        try gateway.say(.submit(submit("a", Self.wav)), payload: Self.wav)
        _ = try gateway.wait { if case .accepted(let accepted) = $0 { accepted } else { nil } }
    }

    @Test func contentIsKeptAndFetchedByItsHash() throws {
        let house = try House()
        let coordinator = try house.peer(.coordinator, "coordinator")
        let worker = try house.peer(.worker, "worker")
        _ = try coordinator.join()
        _ = try worker.join()
        for (bytes, durable) in [
            ([UInt8](repeating: 5, count: 2_500_000), true), ([UInt8](repeating: 6, count: 10), false),
        ] {
            let hash = Data(ContentHash(of: bytes).bytes)
            let put = WirePut.with {
                $0.sha256 = hash
                $0.length = UInt64(bytes.count)
                $0.durable = durable
            }
            try coordinator.say(.put(put), payload: bytes)
            _ = try coordinator.wait {
                if case .stored(let stored) = $0 { stored.sha256 == hash ? stored : nil } else { nil }
            }
            try worker.say(.fetch(.with { $0.sha256 = hash }))
            #expect(try worker.wait { if case .content(let content) = $0 { content } else { nil } }.payload == bytes)
        }
        try worker.say(.fetch(.with { $0.sha256 = Data(ContentHash(of: [1, 2, 3]).bytes) }))
        #expect(try worker.wait { if case .content(let content) = $0 { content } else { nil } }.payload == [1, 2, 3])
        try worker.say(.fetch(.with { $0.sha256 = Data(ContentHash(of: [9]).bytes) }))
        let refusal = try worker.wait { if case .reject(let reject) = $0 { reject.error.code } else { nil } }.0
        #expect(refusal == .unknownContent)
    }

    @Test func shardsTravelBetweenCoordinatorAndWorker() throws {
        let house = try House()
        let coordinator = try house.peer(.coordinator, "coordinator")
        let worker = try house.peer(.worker, "worker")
        _ = try coordinator.join()
        _ = try worker.join()
        let shard = WireShardWork.with {
            $0.key.run = 3
            $0.key.shard = 1
            $0.kind = "embed"
            $0.specification = Data([1, 2])
        }
        try coordinator.say(.askShards(.with { $0.shards = [shard] }))
        let dispatch = try worker.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }.0
        #expect(dispatch.shard == shard)
        let output: [UInt8] = [4, 5, 6]
        let result = WireResult.with {
            $0.token = dispatch.token
            $0.shard.key = shard.key
            $0.shard.sha256 = Data(ContentHash(of: output).bytes)
        }
        try worker.say(.result(result), payload: output)
        let (done, payload) = try coordinator.wait { if case .shardDone(let done) = $0 { done } else { nil } }
        #expect(done.key == shard.key && done.worker == "worker" && payload == output)
        _ = try worker.wait { if case .resultAck(let ack) = $0 { ack } else { nil } }
    }

    private func refusal(to peer: BrokerPeer) throws -> WireReject {
        try peer.wait { if case .reject(let reject) = $0 { reject } else { nil } }.0
    }

    @Test func aFencedBrokerSendsItsPeersToTheOther() throws {
        let house = try House()
        let gateway = try house.peer(.gateway, "gateway")
        _ = try gateway.join()
        _ = try house.ledger.openEpoch(holder: "somebody else")
        try gateway.say(.submit(submit("a", Self.wav)), payload: Self.wav)
        let reject = try refusal(to: gateway)
        #expect(reject.error.code == .notLeader)
        #expect(reject.reason.contains("another broker"))
    }

    @Test func aStandbySendsPeersAwayUntilItLeads() throws {
        let house = try House()
        let gateway = try house.peer(.gateway, "gateway")
        _ = try gateway.join()
        try gateway.say(.submit(submit("a", Self.wav)), payload: Self.wav)
        _ = try gateway.wait { if case .accepted(let accepted) = $0 { accepted } else { nil } }

        let leader = house.node
        try house.open()
        let early = try house.peer(.worker, "early")
        try early.say(.heartbeat(WireHeartbeat()))
        #expect(try refusal(to: early).error.code == .notLeader)

        try leader?.stop()
        let (epoch, worker) = try house.welcome(.worker, "worker")
        #expect(epoch == 2)
        let (dispatch, payload) = try worker.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }
        #expect(payload == Self.wav)
        #expect(try house.ledger.pendingClips(after: 0, limit: 2).map(\.job) == [dispatch.job])
    }
}
