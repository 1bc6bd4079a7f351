import Logging
import Messaging
import Nodes
import SwiftProtobuf
import Testing
import Wire

@Suite struct PeerLinkTests {
    /// A link and everything it told its owner.
    private struct Peer {
        let link: PeerLink
        private let events: Mailbox<PeerEvent>

        init(_ endpoints: [Endpoint], role: WireRole = .worker, report: PeerReport = PeerReport()) throws {
            let events = try Mailbox<PeerEvent>()
            self.events = events
            let identity = PeerIdentity(role: role, name: "worker-1")
            link = try PeerLink.open(
                .init(identity: identity, endpoints: endpoints, logger: Logger(label: "test"), report: { report })
            ) { events.post($0) }
        }

        /// Waits until the link says what `wanted` looks for.
        func event<Found>(_ wanted: (PeerEvent) -> Found?) throws -> Found {
            var poller = Poller()
            poller.add(events)
            while true {
                try poller.wait(.seconds(5))
                let drained = events.drain()
                try #require(!drained.isEmpty, "nothing happened for five seconds")
                if let found = drained.lazy.compactMap(wanted).first { return found }
            }
        }

        func epoch() throws -> UInt64 {
            try event { if case .welcomed(let welcome) = $0 { welcome.epoch } else { nil } }
        }
    }

    @Test func aPeerIntroducesItselfAndReports() throws {
        let broker = try ScriptedBroker()
        let held = WireHeldLease.with { ($0.token, $0.job) = (7, 70) }
        let progress = WireProgress.with { ($0.token, $0.counter) = (7, 3) }
        let report = PeerReport(credits: 4, held: [held], progress: [progress], draining: true)
        let peer = try Peer([broker.endpoint], report: report)
        let hello = try broker.welcome(period: 20)
        #expect(hello.role == .worker)
        #expect(hello.peer == "worker-1")
        #expect(hello.credits == 4)
        #expect(hello.held == [held])
        #expect(try peer.epoch() == 1)
        guard case .heartbeat(let heartbeat) = try broker.next(skippingHeartbeats: false).message else {
            Issue.record("no heartbeat came")
            return
        }
        #expect(heartbeat.progress == [progress])
        #expect(heartbeat.credits == 4)
        #expect(heartbeat.draining)
        try peer.link.close(reason: "test over")
        guard case .goodbye(let goodbye) = try broker.next().message else {
            Issue.record("no goodbye came")
            return
        }
        #expect(goodbye.reason == "test over")
    }

    @Test func payloadTravelsOnTheDataLaneBothWays() throws {
        let broker = try ScriptedBroker()
        let peer = try Peer([broker.endpoint])
        try broker.welcome()
        _ = try peer.epoch()
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        peer.link.send(.result(.with { $0.token = 9 }), payload: Frame.payload(bytes))
        let heard = try broker.next()
        #expect(heard.payload.map(\.count) == [1 << 20, 1 << 20, 3_000_000 - (2 << 20)])
        #expect(heard.payload.flatMap(\.bytes) == bytes)
        try broker.say(.dispatch(.with { $0.token = 10 }), payload: heard.payload, on: .data)
        let back = try peer.event { event -> [UInt8]? in
            guard case .message(.dispatch, let payload) = event else { return nil }
            return payload.flatMap(\.bytes)
        }
        #expect(back == bytes)
        try peer.link.close(reason: "")
    }

    @Test func aRestartedBrokerIsFoundAgain() throws {
        var broker: ScriptedBroker? = try ScriptedBroker()
        let endpoint = try #require(broker?.endpoint)
        let peer = try Peer([endpoint])
        let session = try broker?.welcome(epoch: 1, period: 200).session
        #expect(try peer.epoch() == 1)
        broker = nil
        let restarted = try ScriptedBroker(endpoint)
        #expect(try restarted.welcome(epoch: 2, period: 1_000).session == session)
        #expect(try peer.epoch() == 2)
        peer.link.send(.result(.with { $0.token = 9 }))
        #expect(try restarted.next().message.command == .result)
        try peer.link.close(reason: "")
    }

    @Test func aStandbyIsLeftForTheLeader() throws {
        let standby = try ScriptedBroker()
        let leader = try ScriptedBroker()
        let peer = try Peer([standby.endpoint, leader.endpoint])
        try standby.meet()
        try standby.say(.reject(WireError(.notLeader, "the other one leads")))
        try leader.welcome(epoch: 3)
        #expect(try peer.epoch() == 3)
        try peer.link.close(reason: "")
    }

    @Test func aRequestIsAnsweredBySequence() throws {
        let broker = try ScriptedBroker()
        let peer = try Peer([broker.endpoint], role: .operator)
        let (thread, _) = try NodeThread.start("operator") {
            (
                (),
                {
                    let answer = try peer.link.request(.askStatus(.init()), timeout: .seconds(5))
                    #expect(answer.message == .status(.with { $0.queuedClips = 12 }))
                    let refusal = #expect(throws: PeerError.self) {
                        try peer.link.request(.drainWorker(.with { $0.worker = "w" }), timeout: .seconds(5))
                    }
                    #expect(refusal?.code == .refused(.noSuchWorker))
                }
            )
        }
        try broker.welcome()
        let status = try broker.next()
        try broker.answer(status, .status(.with { $0.queuedClips = 12 }))
        let drain = try broker.next()
        try broker.answer(drain, .reject(WireError(.noSuchWorker, "no worker is called w")))
        try thread.join()
        try peer.link.close(reason: "")
    }

    @Test func aLateAnswerIsKnownByItsNumber() throws {
        let broker = try ScriptedBroker()
        let peer = try Peer([broker.endpoint])
        let (thread, _) = try NodeThread.start("worker") {
            (
                (),
                {
                    let fetch = WireMessage.fetch(.with { $0.sha256 = .init(repeating: 7, count: 32) })
                    let answer = try peer.link.request(fetch, timeout: .seconds(5))
                    #expect(answer.payload.map(\.bytes) == [[1, 2, 3]])
                }
            )
        }
        try broker.welcome()
        let heard = try broker.next()
        guard case .fetch(let fetch) = heard.message else {
            Issue.record("no FETCH came")
            return
        }
        // Content nobody asked for goes to the owner.
        try broker.say(.content(.with { $0.sha256 = .init(repeating: 8, count: 32) }), on: .data)
        let content = WireMessage.content(.with { ($0.sha256, $0.length) = (fetch.sha256, 3) })
        try broker.say(content, payload: [Frame([1, 2, 3])], sequence: heard.envelope.sequence, on: .data)
        try thread.join()
        _ = try peer.event { if case .message(.content, _) = $0 { true } else { nil } }
        try peer.link.close(reason: "")
    }

    /// Another request goes through; only the one that breaks the connection is given up, with its name.
    @Test func aRequestThatBreaksTheConnectionIsToldSo() throws {
        let broker = try ScriptedBroker(frameBytes: 10_000)
        let peer = try Peer([broker.endpoint])
        let (asking, outcome) = try ask(.put(.with { $0.length = 1 << 20 }), of: peer.link, payload: 1 << 20)
        for _ in 0..<7 { try broker.welcome() }
        #expect(outcome.waitAndDrain() == [.refused(.unsendable)])
        try asking.join()
        #expect(try peer.epoch() == 1)
        try peer.link.close(reason: "")
    }

    @Test func aBusyBrokerIsAskedAgain() throws {
        let broker = try ScriptedBroker()
        let peer = try Peer([broker.endpoint])
        try broker.welcome()
        let (asking, outcome) = try ask(.put(.with { $0.length = 1 }), of: peer.link, payload: 1)
        let heard = try broker.next()
        try broker.answer(heard, .busy(.with { ($0.retryAfterMilliseconds, $0.reason) = (10, "the disk is full") }))
        let again = try broker.next()
        #expect(again.message == heard.message && again.payload.map(\.count) == [1])
        try broker.answer(again, .stored(.init()))
        #expect(outcome.waitAndDrain() == [nil])
        try asking.join()
        try peer.link.close(reason: "")
    }

    /// Asks on a thread of its own; nil when there was an answer.
    private func ask(
        _ message: WireMessage, of link: PeerLink, payload byteCount: Int
    ) throws -> (NodeThread, Mailbox<PeerError.Code?>) {
        let outcome = try Mailbox<PeerError.Code?>()
        let (thread, _) = try NodeThread.start("asking") {
            (
                (),
                {
                    do throws(PeerError) {
                        let payload = [Frame([UInt8](repeating: 1, count: byteCount))]
                        _ = try link.request(message, payload: payload, timeout: .seconds(10))
                        outcome.post(nil)
                    } catch {
                        outcome.post(error.code)
                    }
                }
            )
        }
        return (thread, outcome)
    }

    @Test func aRequestSurvivesARestartOfTheBroker() throws {
        var broker: ScriptedBroker? = try ScriptedBroker()
        let endpoint = try #require(broker?.endpoint)
        let peer = try Peer([endpoint], role: .operator)
        let (thread, _) = try NodeThread.start("operator") {
            ((), { _ = try peer.link.request(.askStatus(.init()), timeout: .seconds(10)) })
        }
        try broker?.welcome(epoch: 1, period: 200)
        #expect(try broker?.next().message.command == .askStatus)
        broker = nil
        let restarted = try ScriptedBroker(endpoint)
        try restarted.welcome(epoch: 2)
        let asked = try restarted.next()
        #expect(asked.message.command == .askStatus)
        try restarted.answer(asked, .status(.init()))
        try thread.join()
        try peer.link.close(reason: "")
    }

    @Test func withoutABrokerARequestSaysWhere() throws {
        // A port that was free a moment ago.
        let endpoint = try ScriptedBroker().endpoint
        let peer = try Peer([endpoint], role: .operator)
        let error = #expect(throws: PeerError.self) {
            try peer.link.request(.askStatus(.init()), timeout: .milliseconds(50))
        }
        #expect(error?.code == .unreachable)
        #expect(error?.description.contains("\(endpoint)") == true)
        try peer.link.close(reason: "")
    }

    @Test func aRefusedPeerIsToldOnceAndForAll() throws {
        let broker = try ScriptedBroker()
        let peer = try Peer([broker.endpoint])
        try broker.meet()
        try broker.say(.reject(WireError(.notAllowed, "workers are not welcome")))
        let error = try peer.event { if case .ended(let error) = $0 { error } else { nil } }
        #expect(error.code == .refused(.notAllowed))
        let refusal = #expect(throws: PeerError.self) {
            try peer.link.request(.askStatus(.init()), timeout: .seconds(5))
        }
        #expect(refusal?.code == .refused(.notAllowed))
        try peer.link.close(reason: "")
    }
}
