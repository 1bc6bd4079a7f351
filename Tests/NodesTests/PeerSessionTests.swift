import Nodes
import Testing
import Wire

@Suite struct PeerSessionTests {
    private static func welcome(epoch: UInt64, period: UInt32 = 1_000) -> WireMessage {
        var welcome = WireWelcome()
        welcome.epoch = epoch
        welcome.limits.heartbeatMilliseconds = period
        welcome.limits.missedHeartbeats = 3
        return .welcome(welcome)
    }

    private static func reject(_ code: WireError.Code) -> WireMessage { .reject(WireError(code, "\(code)")) }

    private static let hellos: [PeerSession.Action] = [.sayHello(.control), .sayHello(.data)]

    /// A session that was welcomed at time 0.
    private static func welcomed(endpointCount: Int = 1, epoch: UInt64 = 5) -> PeerSession {
        var session = PeerSession(endpointCount: endpointCount, now: 0)
        #expect(session.tick(now: 0) == [.connect(endpoint: 0)] + hellos)
        #expect(session.heard(welcome(epoch: epoch), on: .control, now: 0) == [])
        #expect(!session.isWelcomed)
        guard case .welcome(let expected) = welcome(epoch: epoch) else { return session }
        #expect(session.heard(welcome(epoch: epoch), on: .data, now: 0) == [.welcomed(expected)])
        return session
    }

    @Test func aSessionBeginsWhenBothLanesAreWelcome() {
        #expect(Self.welcomed().isWelcomed)
    }

    @Test func helloIsRepeatedOnTheLaneWithoutAnswer() {
        var session = PeerSession(endpointCount: 1, now: 0)
        _ = session.tick(now: 0)
        #expect(session.tick(now: 999) == [])
        _ = session.heard(Self.welcome(epoch: 1), on: .control, now: 999)
        #expect(session.nextDeadline == 1_000)
        #expect(session.tick(now: 1_000) == [.sayHello(.data)])
    }

    @Test func nobodyAtTheEndpointMeansTheNextOne() {
        var session = PeerSession(endpointCount: 2, now: 0)
        _ = session.tick(now: 0)
        #expect(session.tick(now: 1_000) == Self.hellos)
        #expect(session.tick(now: 1_499) == [])
        #expect(session.tick(now: 1_500) == [.connect(endpoint: 1)] + Self.hellos)
        #expect(session.tick(now: 3_000) == [.connect(endpoint: 0)] + Self.hellos)
        // With nobody else to ask it is worth waiting.
        var alone = PeerSession(endpointCount: 1, now: 0)
        _ = alone.tick(now: 0)
        #expect(alone.tick(now: 2_999) == Self.hellos)
        #expect(alone.tick(now: 3_000) == [.connect(endpoint: 0)] + Self.hellos)
    }

    @Test func heartbeatsFollowThePeriodOfTheBroker() {
        var session = PeerSession(endpointCount: 1, now: 0)
        _ = session.tick(now: 0)
        for lane in PeerSession.Lane.allCases {
            _ = session.heard(Self.welcome(epoch: 1, period: 200), on: lane, now: 0)
        }
        var beats: [Int64] = []
        for now in stride(from: 0 as Int64, to: 1_000, by: 50) {
            _ = session.heard(.heartbeat(.init()), on: .control, now: now)
            if session.tick(now: now) == [.sayHeartbeat] { beats.append(now) }
        }
        #expect(beats == [200, 400, 600, 800])
    }

    @Test func aSilentBrokerIsLeft() {
        var session = Self.welcomed(endpointCount: 2)
        #expect(session.tick(now: 1_000) == [.sayHeartbeat])
        _ = session.heard(.heartbeat(.init()), on: .control, now: 1_100)
        #expect(session.tick(now: 2_000) == [.sayHeartbeat])
        #expect(session.tick(now: 3_000) == [.sayHeartbeat])
        #expect(session.tick(now: 4_099) == [.sayHeartbeat])
        let actions = session.tick(now: 4_100)
        #expect(actions.dropFirst() == ([.connect(endpoint: 1)] + Self.hellos)[...])
        #expect(actions.first == .lost(reason: "the broker has been silent for 3000 ms"))
    }

    @Test func aBrokerThatForgotUsIsGreetedOnTheSameConnections() {
        var session = Self.welcomed()
        let actions = session.heard(Self.reject(.notWelcomed), on: .control, now: 10)
        #expect(actions.dropFirst() == Self.hellos[...])
        #expect(!session.isWelcomed)
        // Further messages were on their way: one HELLO is enough.
        #expect(session.heard(Self.reject(.notWelcomed), on: .data, now: 11) == [])
        _ = session.heard(Self.welcome(epoch: 6), on: .control, now: 12)
        _ = session.heard(Self.welcome(epoch: 6), on: .data, now: 12)
        #expect(session.isWelcomed)
        // Each HELLO is answered on both lanes.
        #expect(session.heard(Self.welcome(epoch: 6), on: .control, now: 13) == [])
    }

    @Test func aReplacedBrokerIsIgnored() {
        var session = Self.welcomed(endpointCount: 2, epoch: 5)
        _ = session.heard(Self.reject(.notWelcomed), on: .control, now: 10)
        let actions = session.heard(Self.welcome(epoch: 4), on: .control, now: 20)
        #expect(actions.count == 1)
        guard case .turnedAway(let error)? = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(error.code == .notLeader)
        #expect(session.nextDeadline == 270)
        #expect(session.tick(now: 270) == [.connect(endpoint: 1)] + Self.hellos)
    }

    @Test func theLanesMustBeWelcomeInTheSameEpoch() {
        var session = PeerSession(endpointCount: 1, now: 0)
        _ = session.tick(now: 0)
        _ = session.heard(Self.welcome(epoch: 1), on: .control, now: 0)
        #expect(session.heard(Self.welcome(epoch: 2), on: .data, now: 0) == [])
        #expect(session.tick(now: 1_000) == [.sayHello(.control)])
        #expect(session.heard(Self.welcome(epoch: 2), on: .control, now: 1_000).count == 1)
        #expect(session.isWelcomed)
    }

    @Test func aStandbySendsUsToTheOther() {
        var session = PeerSession(endpointCount: 2, now: 0)
        _ = session.tick(now: 0)
        let error = WireError(.notLeader, "\(WireError.Code.notLeader)")
        #expect(session.heard(Self.reject(.notLeader), on: .control, now: 0) == [.turnedAway(error)])
        // The data lane's answer is on its way too.
        #expect(session.heard(Self.reject(.notLeader), on: .data, now: 1) == [])
        #expect(session.tick(now: 250) == [.connect(endpoint: 1)] + Self.hellos)
    }

    @Test(arguments: [WireError.Code.unknownMajor, .notAllowed, .badField])
    func aHelloThatCannotSucceedEndsTheSession(_ code: WireError.Code) {
        var session = PeerSession(endpointCount: 1, now: 0)
        _ = session.tick(now: 0)
        #expect(session.heard(Self.reject(code), on: .control, now: 0) == [.refused(WireError(code, "\(code)"))])
        #expect(session.nextDeadline == nil)
        #expect(session.tick(now: 1 << 40) == [])
        #expect(session.heard(Self.welcome(epoch: 9), on: .control, now: 1) == [])
    }

    @Test func aFullBrokerIsAskedAgain() {
        var session = PeerSession(endpointCount: 1, now: 0)
        _ = session.tick(now: 0)
        let error = WireError(.tooManyPeers, "\(WireError.Code.tooManyPeers)")
        #expect(session.heard(Self.reject(.tooManyPeers), on: .control, now: 0) == [.turnedAway(error)])
        #expect(session.tick(now: 1_000) == Self.hellos)
    }

    @Test func aBrokenConnectionIsGreetedAnewAtOnce() {
        var session = Self.welcomed()
        let actions = session.broke(.data, now: 10)
        #expect(actions == [.lost(reason: "the connection for data broke")] + Self.hellos)
        _ = session.heard(Self.welcome(epoch: 5), on: .control, now: 11)
        // A lane that breaks while it is greeted says HELLO again and needs another welcome.
        #expect(session.broke(.control, now: 12) == [.sayHello(.control)])
        _ = session.heard(Self.welcome(epoch: 5), on: .data, now: 13)
        #expect(!session.isWelcomed)
        _ = session.heard(Self.welcome(epoch: 5), on: .control, now: 14)
        #expect(session.isWelcomed)
    }

    @Test func ourNameTakenByAnotherEndsTheSession() {
        var session = Self.welcomed()
        #expect(session.heard(Self.reject(.duplicatePeer), on: .control, now: 1).count == 1)
        #expect(!session.isWelcomed)
        #expect(session.nextDeadline == nil)
    }

    @Test func otherMessagesAreTheOwnersWhileThereIsASession() {
        var session = Self.welcomed()
        #expect(session.heard(.drain(.init()), on: .control, now: 1) == [.deliver])
        #expect(session.heard(Self.reject(.silent), on: .control, now: 1) == [.deliver])
        _ = session.heard(Self.reject(.notWelcomed), on: .control, now: 2)
        #expect(session.heard(.drain(.init()), on: .control, now: 3) == [])
    }
}
