import Brokerage
import FoundationEssentials
import Ledger
import Messaging
import Nodes
import Plant
import SwiftProtobuf
import Testing
import Wire

/// What no honest peer does: each gets its number or is dropped, is counted, and hurts nobody else.
@Suite struct BadPeerTests {
    @Test func aClipWithAnotherHashIsRefused() throws {
        let broker = try LiveBroker()
        let (bad, good) = try (broker.peer(.gateway, "bad"), broker.peer(.gateway, "good"))
        _ = try bad.join()
        _ = try good.join()
        var submission = LiveBroker.submission("a", LiveBroker.wav)
        submission.sha256 = Data(repeating: 1, count: 32)
        try bad.say(.submit(submission), payload: LiveBroker.wav)
        #expect(try bad.refusal() == .wrongSHA256)
        try broker.expectRefusals(.wrongSHA256)
        try good.expectAccepted("a")
    }

    @Test func anOversizedPayloadIsRefused() throws {
        var configuration = BrokerConfiguration()
        configuration.payloadLimit = 100_000
        let broker = try LiveBroker(configuration: configuration)
        let (bad, good) = try (broker.peer(.gateway, "bad"), broker.peer(.gateway, "good"))
        _ = try bad.join()
        _ = try good.join()
        let large = Array("RIFF".utf8) + [UInt8](repeating: 0, count: 100_000)
        try bad.say(.submit(LiveBroker.submission("large", large)), payload: large)
        #expect(try bad.refusal() == .tooLarge)
        // A frame far beyond the limit breaks the connection; the peer's session goes on when it connects again.
        try bad.sayRaw([[UInt8](repeating: 0, count: MessageLimits.partBytes + 8_192)])
        try broker.expectRefusals(.tooLarge)
        try good.expectAccepted("a")
    }

    @Test func aStaleFenceIsVoidAndCounted() throws {
        let broker = try LiveBroker()
        let (gateway, worker) = try (broker.peer(.gateway, "gateway"), broker.peer(.worker, "worker"))
        _ = try gateway.join()
        _ = try worker.join()
        try gateway.expectAccepted("a")
        let dispatch = try worker.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }.0
        let result = WireResult.with {
            $0.token = dispatch.token
            $0.job = dispatch.job
            $0.score.modelVersion = dispatch.score.modelVersion
            $0.score.verdict = "normal"
        }
        func report(_ result: WireResult) throws {
            try worker.say(.result(result))
            _ = try worker.wait {
                if case .resultAck(let ack) = $0 { ack.token == result.token ? ack : nil } else { nil }
            }
        }
        try report(result)
        var stale = result
        stale.score.score = 99
        try report(stale)
        // Nobody was ever given this one.
        stale.token = 5
        try worker.say(.result(stale))
        _ = try worker.wait { if case .cancel(let cancel) = $0, cancel.token == 5 { cancel } else { nil } }
        try broker.expectRefusals(.staleFence, atLeast: 2)
        guard case .scored(let score) = try broker.ledger.outcome(of: dispatch.job)?.ending else {
            Issue.record("the clip has no score")
            return
        }
        #expect(score.score == 0)
    }

    @Test func whatOnlyTheBrokerSaysIsRefused() throws {
        let broker = try LiveBroker()
        let gateway = try broker.peer(.gateway, "gateway")
        _ = try gateway.join()
        try gateway.say(.accepted(.with { $0.key = "a" }))
        #expect(try gateway.refusal() == .notAllowed)
        try broker.expectRefusals(.notAllowed)
        try gateway.expectAccepted("a")
    }

    @Test func ofTwoWorkersWithOneNameTheNewerStays() throws {
        let broker = try LiveBroker()
        let first = try broker.peer(.worker, "worker", session: "1")
        let second = try broker.peer(.worker, "worker", session: "2")
        _ = try first.join()
        _ = try second.join()
        #expect(try first.refusal() == .duplicatePeer)
        try broker.expectRefusals(.duplicatePeer)
        let gateway = try broker.peer(.gateway, "gateway")
        _ = try gateway.join()
        try gateway.expectAccepted("a")
        _ = try second.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }
    }

    @Test func aPeerThatNeverReadsIsForgottenWithoutHarmToOthers() throws {
        let broker = try LiveBroker(unreadAnswers: 64)
        let (deaf, good) = try (broker.peer(.operator, "deaf"), broker.peer(.gateway, "good"))
        _ = try deaf.join()
        _ = try good.join()
        // Each is refused by some hundred bytes, which fill the buffers of the kernel and of libzmq.
        let request = WireMessage.drainWorker(.with { $0.worker = String(repeating: "w", count: 250) })
        for _ in 0..<100_000 where broker.ledger.refusals[Int(WireError.Code.notReading.rawValue)] == nil {
            try deaf.say(request)
        }
        try broker.expectRefusals(.notReading)
        try good.expectAccepted("a")
    }

    @Test(arguments: [true, false])
    func whoeverAsksForMoreContentThanItReadsGetsItBitByBit(durable: Bool) throws {
        var configuration = BrokerConfiguration()
        configuration.missedHeartbeats = 100
        let broker = try LiveBroker(configuration: configuration, unreadBytes: 1 << 20)
        let (deaf, other) = try (broker.peer(.worker, "deaf"), broker.peer(.worker, "other"))
        let good = try broker.peer(.coordinator, "good")
        for peer in [deaf, other, good] { _ = try peer.join() }
        // Twice what libzmq and the kernel take for a peer that does not read.
        let contents = (0..<160).map { number in
            [UInt8](unsafeUninitializedCapacity: 400_000) { bytes, count in
                bytes.initialize(repeating: UInt8(truncatingIfNeeded: number))
                count = bytes.count
            }
        }
        let hashes = contents.map { ContentHash(of: $0) }
        for (hash, content) in zip(hashes, contents) {
            try good.say(
                .put(
                    .with {
                        $0.sha256 = Data(hash.bytes)
                        $0.length = UInt64(content.count)
                        $0.durable = durable
                    }), payload: content)
            _ = try good.wait { if case .stored(let stored) = $0 { stored } else { nil } }
        }
        let fetch = { (hash: ContentHash) in WireMessage.fetch(.with { $0.sha256 = Data(hash.bytes) }) }
        for hash in hashes { try deaf.say(fetch(hash)) }
        // Others are served meanwhile.
        for _ in 0..<20 {
            try other.say(fetch(hashes[3]))
            let (_, payload) = try other.wait { if case .content(let content) = $0 { content } else { nil } }
            #expect(payload == contents[3])
        }
        let received = try hashes.map { _ in
            try deaf.wait { if case .content(let content) = $0 { content } else { nil } }
        }
        #expect(Set(received.map { ContentHash(of: $0.payload) }) == Set(hashes))
        #expect(received.allSatisfy { ContentHash(bytes: $0.0.sha256) == ContentHash(of: $0.payload) })
    }

    @Test func aResultOutOfRangeCountsAsAFailureAndTheQueueGoesOn() throws {
        var configuration = BrokerConfiguration()
        configuration.retry.attempts = 1
        let broker = try LiveBroker(configuration: configuration)
        let (gateway, worker) = try (broker.peer(.gateway, "gateway"), broker.peer(.worker, "worker"))
        for peer in [gateway, worker] { _ = try peer.join() }
        for key in ["a", "b"] { try gateway.expectAccepted(key) }
        let dispatches = try (0..<2).map { _ in
            try worker.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }.0
        }
        try worker.say(
            .result(
                .with {
                    ($0.token, $0.job) = (dispatches[0].token, dispatches[0].job)
                    $0.failure.code = 4_000_000_000
                }))
        #expect(try worker.refusal() == .badField)
        try worker.say(
            .result(
                .with {
                    ($0.token, $0.job) = (dispatches[1].token, dispatches[1].job)
                    ($0.score.modelVersion, $0.score.verdict) = (dispatches[1].score.modelVersion, "normal")
                }))
        for dispatch in dispatches {
            _ = try worker.wait {
                if case .resultAck(let ack) = $0 { ack.token == dispatch.token ? ack : nil } else { nil }
            }
        }
        guard case .dead(let code, let reason)? = try broker.ledger.outcome(of: dispatches[0].job)?.ending else {
            Issue.record("the clip has not ended")
            return
        }
        #expect(code == Int(WireError.Code.badField.rawValue) && reason.contains("code of"))
    }

    /// An endless message is never complete, so that no other limit sees it.
    @Test func aBrokerThatHasTooMuchMemoryEnds() throws {
        let failures = try Mailbox<String>()
        let broker = try LiveBroker(residentBytes: 1 << 20, onFailure: { failures.post("\($0)") })
        #expect(failures.waitAndDrain().first?.contains("MiB of memory") == true)
        _ = broker
    }

    @Test func repeatedNonsenseIsNotListenedToAnyMore() throws {
        let broker = try LiveBroker()
        let (bad, good) = try (broker.peer(.gateway, "bad"), broker.peer(.gateway, "good"))
        _ = try bad.join()
        _ = try good.join()
        var codes: [WireError.Code] = []
        for _ in 0..<64 {
            try bad.sayRaw([Array("nonsense".utf8)])
            codes.append(try bad.refusal())
        }
        #expect(codes == Array(repeating: .badHeader, count: 64))
        #expect(try bad.refusal() == .dropped)
        try broker.expectRefusals(.dropped)
        try bad.say(.heartbeat(.init()))
        for _ in 0..<5 {
            try good.say(.heartbeat(.init()))
            _ = try good.wait { if case .heartbeat(let beat) = $0 { beat } else { nil } }
        }
        #expect(try !bad.hasUnread())
        try good.expectAccepted("a")
    }
}
