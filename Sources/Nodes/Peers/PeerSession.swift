package import Wire

/// The peer's side of a session as a value: when to say HELLO and HEARTBEAT, when the broker counts as gone, and where
/// to look for it then. The link performs the actions and reports what came.
///
/// Times are milliseconds of a clock that never jumps.
package struct PeerSession: Sendable {
    package enum Lane: Hashable, Sendable, CaseIterable { case control, data }

    package enum Action: Hashable, Sendable {
        /// Drop both connections and open new ones to the endpoint with this index.
        case connect(endpoint: Int)
        /// Drop what is queued on the lane and say HELLO there.
        case sayHello(Lane)
        case sayHeartbeat
        /// The broker knows us; whatever was not answered has to be said again.
        case welcomed(WireWelcome)
        /// The session is gone; the next `welcomed` begins another.
        case lost(reason: String)
        /// The broker does not have us for now; the session goes on trying.
        case turnedAway(WireError)
        /// The broker will never have us; the session has ended.
        case refused(WireError)
        /// The message is the owner's.
        case deliver
    }

    private enum State: Sendable {
        /// Can become `greeting` when the pause is over.
        case pausing(until: Int64)
        /// Can become `welcomed` when every lane was, or `pausing` when nobody answers or the broker sends us away.
        case greeting(Greeting)
        /// Can become `greeting` when the broker has forgotten us, or `pausing` when it has fallen silent.
        case welcomed(heartbeatAt: Int64)
        /// For good.
        case refused
    }

    private struct Greeting: Sendable {
        var giveUpAt: Int64
        var repeatAt: Int64
        var welcomedLanes: Set<Lane> = []
    }

    private let endpointCount: Int
    private var endpoint = 0
    private var state: State
    private var lastHeard: Int64
    private var period = Int64(MessageLimits.heartbeatMilliseconds)
    private var missed = Int64(MessageLimits.missedHeartbeats)
    /// Of the newest broker that ever welcomed us.
    private var epoch: UInt64 = 0

    /// - Parameter endpointCount: brokers to try in turn: one, or the two of a pair.
    package init(endpointCount: Int, now: Int64) {
        precondition(endpointCount >= 1, "a peer needs at least one endpoint, got \(endpointCount)")
        self.endpointCount = endpointCount
        state = .pausing(until: now)
        lastHeard = now
    }

    package var isWelcomed: Bool { if case .welcomed = state { true } else { false } }

    private var patience: Int64 { period * missed }

    /// When `tick` has something to do; nil when never again.
    package var nextDeadline: Int64? {
        switch state {
        case .pausing(let until): until
        case .greeting(let greeting): min(greeting.giveUpAt, greeting.repeatAt)
        case .welcomed(let heartbeatAt): min(heartbeatAt, lastHeard + patience)
        case .refused: nil
        }
    }

    package mutating func tick(now: Int64) -> [Action] {
        switch state {
        case .pausing(let until) where until <= now:
            return [.connect(endpoint: endpoint)] + greet(now: now)
        case .greeting(let greeting) where greeting.giveUpAt <= now:
            lookElsewhere(after: 0, now: now)
            return tick(now: now)
        case .greeting(var greeting) where greeting.repeatAt <= now:
            greeting.repeatAt = now + period
            state = .greeting(greeting)
            return Lane.allCases.filter { !greeting.welcomedLanes.contains($0) }.map { .sayHello($0) }
        case .welcomed where lastHeard + patience <= now:
            lookElsewhere(after: 0, now: now)
            return [.lost(reason: "the broker has been silent for \(patience) ms")] + tick(now: now)
        case .welcomed(let heartbeatAt) where heartbeatAt <= now:
            state = .welcomed(heartbeatAt: now + period)
            return [.sayHeartbeat]
        default:
            return []
        }
    }

    /// Something came from the broker.
    package mutating func heard(_ message: WireMessage, on lane: Lane, now: Int64) -> [Action] {
        lastHeard = now
        switch message {
        case .welcome(let welcome): return heard(welcome, on: lane, now: now)
        case .heartbeat: return []
        case .reject(let reject): return heard(reject, now: now)
        default: return isWelcomed ? [.deliver] : []
        }
    }

    /// A lane's connection has broken, and what was under way on it is lost; the next one is unknown to the broker.
    package mutating func broke(_ lane: Lane, now: Int64) -> [Action] {
        switch state {
        case .welcomed:
            return [.lost(reason: "the connection for \(lane) broke")] + greet(now: now)
        case .greeting(var greeting):
            greeting.welcomedLanes.remove(lane)
            state = .greeting(greeting)
            return [.sayHello(lane)]
        case .pausing, .refused:
            return []
        }
    }

    private mutating func heard(_ welcome: WireWelcome, on lane: Lane, now: Int64) -> [Action] {
        guard welcome.epoch >= epoch else {
            // A broker that another has replaced and that does not know it yet.
            guard case .greeting = state else { return [] }
            return leave(
                WireError(.notLeader, "the broker of epoch \(welcome.epoch) was replaced by \(epoch)"), now: now)
        }
        let isNewBroker = welcome.epoch > epoch
        epoch = welcome.epoch
        switch state {
        case .greeting(var greeting):
            if isNewBroker { greeting.welcomedLanes = [] }
            greeting.welcomedLanes.insert(lane)
            state = .greeting(greeting)
            guard greeting.welcomedLanes.count == Lane.allCases.count else { return [] }
            period = Int64(welcome.limits.heartbeatMilliseconds).clamped(to: 10...60_000)
            missed = Int64(welcome.limits.missedHeartbeats).clamped(to: 1...100)
            state = .welcomed(heartbeatAt: now + period)
            return [.welcomed(welcome)]
        case .welcomed where isNewBroker:
            return [.lost(reason: "the broker was restarted")] + greet(now: now)
        case .welcomed, .pausing, .refused:
            return []
        }
    }

    private mutating func heard(_ reject: WireReject, now: Int64) -> [Action] {
        let error = reject.error
        switch (error.code, state) {
        case (_, .pausing), (_, .refused): return []
        case (.notWelcomed, .greeting): return []
        case (.notWelcomed, .welcomed):
            return [.lost(reason: "the broker was restarted or has forgotten us")] + greet(now: now)
        case (.notLeader, _): return leave(error, now: now)
        case (.duplicatePeer, _), (.unknownKey, _), (.dropped, _): return refuse(error)
        case (.notReading, .welcomed): return [.lost(reason: error.reason)] + greet(now: now)
        case (_, .welcomed): return [.deliver]
        case (let code, .greeting):
            // With a reason that may pass, HELLO is repeated.
            return code.retry == .later ? [.turnedAway(error)] : refuse(error)
        }
    }

    private mutating func greet(now: Int64) -> [Action] {
        // Who has another broker to ask does not wait for long for one that may have stopped.
        let wait = endpointCount > 1 ? min(patience, period * 3 / 2) : patience
        state = .greeting(Greeting(giveUpAt: now + wait, repeatAt: now + period))
        lastHeard = now
        return Lane.allCases.map { .sayHello($0) }
    }

    /// This broker does not lead: try the other one, but not faster than a human could blink.
    private mutating func leave(_ error: WireError, now: Int64) -> [Action] {
        let loss: [Action] = isWelcomed ? [.lost(reason: error.reason)] : []
        lookElsewhere(after: period / 4, now: now)
        return loss + [.turnedAway(error)]
    }

    private mutating func lookElsewhere(after pause: Int64, now: Int64) {
        endpoint = (endpoint + 1) % endpointCount
        state = .pausing(until: now + pause)
    }

    private mutating func refuse(_ error: WireError) -> [Action] {
        state = .refused
        return [.refused(error)]
    }
}

extension Int64 {
    fileprivate func clamped(to range: ClosedRange<Int64>) -> Int64 {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
