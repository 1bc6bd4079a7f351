import Ledger
import Messaging
import Nodes
import Plant
import SwiftProtobuf
import Testing
import Wire

/// A broker with keys: who gets in, what they may say, and how they are shut out.
@Suite struct SecureBrokerTests {
    @Test func allowedKeysWorkAsIfConnectionsWerePlain() throws {
        let broker = try LiveBroker(secure: true)
        let gateway = try broker.peer(.gateway, "gateway", keys: broker.allow(.gateway, site: "plant"))
        let worker = try broker.peer(.worker, "worker", keys: broker.allow(.worker))
        _ = try gateway.join()
        _ = try worker.join()
        try gateway.expectAccepted("a")
        let payload = try worker.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }.payload
        #expect(payload == LiveBroker.wav)
    }

    @Test func anUnknownKeyIsKeptOutAndCounted() throws {
        let broker = try LiveBroker(secure: true)
        let stranger = try broker.peer(.gateway, "stranger", keys: CurveKeyPair())
        try broker.expectRefusals(.unknownKey)
        #expect(try !stranger.isConnected())
        let gateway = try broker.peer(.gateway, "gateway", keys: broker.allow(.gateway))
        _ = try gateway.join()
        try gateway.expectAccepted("a")
    }

    @Test func aPeerWithoutKeysIsKeptOut() throws {
        let broker = try LiveBroker(secure: true)
        let plain = try broker.peer(.gateway, "plain")
        let gateway = try broker.peer(.gateway, "gateway", keys: broker.allow(.gateway))
        _ = try gateway.join()
        #expect(try !plain.isConnected())
    }

    @Test func aKeyOpensOnlyItsOwnRole() throws {
        let broker = try LiveBroker(secure: true)
        let keys = try broker.allow(.gateway, site: "plant")
        let impostor = try broker.peer(.worker, "impostor", keys: keys)
        try impostor.say(
            .hello(.with { ($0.role, $0.lane, $0.peer, $0.session) = (.worker, .control, "impostor", "1") }))
        #expect(try impostor.refusal() == .notAllowed)
        try broker.expectRefusals(.notAllowed)
    }

    @Test func aGatewayPushesForItsOwnSiteOnly() throws {
        let broker = try LiveBroker(secure: true)
        let gateway = try broker.peer(.gateway, "gateway", keys: broker.allow(.gateway, site: "plant"))
        _ = try gateway.join()
        try gateway.say(
            .submit(LiveBroker.submission("a", LiveBroker.wav, site: "elsewhere")), payload: LiveBroker.wav)
        #expect(try gateway.refusal() == .unknownSite)
        try broker.expectRefusals(.unknownSite)
        try gateway.expectAccepted("a")
    }

    @Test func aGatewayFollowsClipsOfItsOwnSiteOnly() throws {
        let broker = try LiveBroker(secure: true)
        let north = try broker.peer(.gateway, "north", keys: broker.allow(.gateway, site: "plant"))
        let south = try broker.peer(.gateway, "south", keys: broker.allow(.gateway, site: "south"))
        for peer in [north, south] { _ = try peer.join() }
        try north.expectAccepted("a")
        try south.say(.follow(.with { ($0.key, $0.job) = ("a", 1) }))
        #expect(try south.refusal() == .unknownJob)
    }

    @Test func aNewSessionOfANameAndKeyReplacesTheOld() throws {
        let broker = try LiveBroker(secure: true)
        let keys = try broker.allow(.gateway)
        let first = try broker.peer(.gateway, "gateway", session: "1", keys: keys)
        _ = try first.join()
        let second = try broker.peer(.gateway, "gateway", session: "2", keys: keys)
        _ = try second.join()
        #expect(try first.refusal() == .duplicatePeer)
        try second.expectAccepted("a")
        // Another key does not get the name while it is in use.
        let thief = try broker.peer(.gateway, "gateway", session: "3", keys: broker.allow(.gateway))
        try thief.say(.hello(.with { ($0.role, $0.lane, $0.peer, $0.session) = (.gateway, .control, "gateway", "3") }))
        #expect(try thief.refusal() == .duplicatePeer)
        try second.expectAccepted("b")
    }

    @Test func oneKeyOpensABoundedNumberOfSessions() throws {
        let broker = try LiveBroker(secure: true, peersPerKey: 8)
        let keys = try broker.allow(.gateway)
        let greedy = try broker.peer(.gateway, "greedy", keys: keys)
        for number in 0..<9 {
            let hello = WireHello.with {
                ($0.role, $0.lane, $0.peer, $0.session) = (.gateway, .control, "greedy-\(number)", "1")
            }
            try greedy.say(.hello(hello))
        }
        #expect(try greedy.refusal() == .tooManyPeers)
        let other = try broker.peer(.gateway, "other", keys: broker.allow(.gateway))
        _ = try other.join()
        try other.expectAccepted("a")
    }

    @Test(arguments: [WireRole.gateway, .coordinator, .operator])
    func onlyWorkersFetchAndOnlyOperatorsAskForTheStatus(_ role: WireRole) throws {
        let broker = try LiveBroker()
        let peer = try broker.peer(role, "peer")
        _ = try peer.join()
        try peer.say(.fetch(.with { $0.sha256 = .init(repeating: 1, count: 32) }))
        #expect(try peer.refusal() == .notAllowed)
        guard role != .operator else { return }
        try peer.say(.askStatus(.init()))
        #expect(try peer.refusal() == .notAllowed)
    }

    @Test func aRevokedKeyEndsItsLiveSessionAndHandsItsJobsOn() throws {
        let broker = try LiveBroker(secure: true)
        let keys = try broker.allow(.worker)
        let gateway = try broker.peer(.gateway, "gateway", keys: broker.allow(.gateway))
        let traitor = try broker.peer(.worker, "traitor", keys: keys)
        _ = try gateway.join()
        _ = try traitor.join(credits: 1)
        try gateway.expectAccepted("a")
        _ = try traitor.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }
        try broker.ledger.revoke(keys.publicKey.text)
        #expect(try traitor.refusal() == .unknownKey)
        let worker = try broker.peer(.worker, "worker", keys: broker.allow(.worker))
        _ = try worker.join()
        let dispatch = try worker.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }.0
        #expect(dispatch.attempt == 1)
        try traitor.say(.heartbeat(.init()))
        #expect(try traitor.refusal() == .unknownKey)
        try broker.expectRefusals(.unknownKey, atLeast: 2)
    }

    @Test func othersThanLoopbackNeedKeys() throws {
        let socket = try Socket(.router, in: MessagingContext(), options: .control)
        do {
            _ = try socket.bind(.tcp(host: "0.0.0.0", port: 0))
            Issue.record("it listens")
        } catch {
            #expect(error.code == .unprotected && error.description.contains("without keys"))
        }
        var options = SocketOptions.control
        options.security = .curveServer(try CurveKeyPair())
        let protected = try Socket(.router, in: MessagingContext(), options: options)
        _ = try protected.bind(.tcp(host: "0.0.0.0", port: 0))
    }
}
