internal import Brokerage
internal import Messaging
internal import Wire

/// Which connection belongs to whom.
///
/// A peer has a control and a data connection, joined by its name and session. It is introduced to the broker when
/// both have said HELLO; an operator needs the control connection only.
struct BrokerSessions {
    struct Session {
        let peer: PeerID
        let role: WireRole
        /// Whose key opened the session; nil while connections are plain.
        let user: CurveKey?
        let openedAt: Int64
        /// The highest minor version both sides speak.
        let minorVersion: UInt8
        /// From the control connection's HELLO; nil until it has said it.
        var introduction: Introduction?
        var control: Route?
        var data: Route?

        var isComplete: Bool { introduction != nil && control != nil && (data != nil || role == .operator) }
    }

    private struct Name: Hashable {
        let peer: String
        let session: String
    }

    /// What a HELLO has led to.
    struct Greeted {
        let peer: PeerID
        /// An older session of the same name and key, which the new one replaces.
        let replaced: PeerID?
    }

    private let limit: Int
    private let limitPerKey: Int
    private var sessions: [PeerID: Session] = [:]
    private var peers: [Name: PeerID] = [:]
    private var names: [PeerID: Name] = [:]
    /// The newest session of a name.
    private var newest: [String: PeerID] = [:]
    private var perKey: [CurveKey: Int] = [:]
    private var lanes: [Route: (peer: PeerID, lane: WireLane)] = [:]
    private var lastPeer = 0
    private var sweptAt: Int64 = .min

    init(limit: Int, limitPerKey: Int) { (self.limit, self.limitPerKey) = (limit, limitPerKey) }

    subscript(peer: PeerID) -> Session? { sessions[peer] }

    /// The peers whose sessions are of a kind, in order of joining.
    func peers(where fits: (Session) -> Bool) -> [PeerID] { sessions.values.filter(fits).map(\.peer).sorted() }

    /// Where every peer reads what is not an answer.
    var controlRoutes: [Route] { sessions.values.compactMap(\.control) }

    /// Who speaks on a connection.
    func speaker(on route: Route) -> (peer: PeerID, lane: WireLane)? { lanes[route] }

    /// Takes a HELLO in; returns the session it belongs to, or why there is none.
    ///
    /// - Parameter site: of the key's owner.
    mutating func greet(
        _ hello: WireHello, on route: Route, user: CurveKey?, site: String?, now: Int64
    ) -> Result<Greeted, WireError> {
        let name = Name(peer: hello.peer, session: hello.session)
        var replaced: PeerID?
        let peer: PeerID
        if let known = peers[name] {
            guard sessions[known]?.role == hello.role else {
                return .failure(WireError(.notAllowed, "the two connections of \(hello.peer) name different roles"))
            }
            guard sessions[known]?.user == user else {
                return .failure(WireError(.notAllowed, "the two connections of \(hello.peer) have different keys"))
            }
            peer = known
        } else {
            if let other = newest[hello.peer].flatMap({ sessions[$0] }) {
                guard other.user == user else {
                    return .failure(
                        WireError(.duplicatePeer, "another key's peer has the name \(hello.peer) at the moment"))
                }
                if other.role == hello.role { replaced = other.peer }
            }
            sweep(now: now)
            if let objection = objection(toAnotherOf: user, replacing: replaced) { return .failure(objection) }
            peer = open(name, hello, user, now: now)
        }
        unlink(route)
        switch hello.lane {
        case .control:
            sessions[peer]?.control.map { lanes[$0] = nil }
            sessions[peer]?.control = route
            sessions[peer]?.introduction = Introduction(hello, site: site)
        default:
            sessions[peer]?.data.map { lanes[$0] = nil }
            sessions[peer]?.data = route
        }
        lanes[route] = (peer, hello.lane)
        return .success(Greeted(peer: peer, replaced: replaced))
    }

    private func objection(toAnotherOf user: CurveKey?, replacing replaced: PeerID?) -> WireError? {
        guard replaced == nil else { return nil }
        guard sessions.count < limit else {
            return WireError(.tooManyPeers, "\(limit) peers are connected, which is the limit")
        }
        guard let user, perKey[user, default: 0] >= limitPerKey else { return nil }
        return WireError(.tooManyPeers, "\(limitPerKey) peers are connected with this key, which is the limit")
    }

    private mutating func open(_ name: Name, _ hello: WireHello, _ user: CurveKey?, now: Int64) -> PeerID {
        lastPeer += 1
        let peer = PeerID(lastPeer)
        peers[name] = peer
        names[peer] = name
        newest[name.peer] = peer
        if let user { perKey[user, default: 0] += 1 }
        sessions[peer] = Session(
            peer: peer, role: hello.role, user: user, openedAt: now,
            minorVersion: UInt8(min(hello.minorVersion, UInt32(WireHeader.minor))))
        return peer
    }

    /// What the peer holds is news once; later it is told by heartbeats.
    mutating func introduced(_ peer: PeerID) { sessions[peer]?.introduction?.held = [] }

    /// A connection is gone.
    mutating func unlink(_ route: Route) {
        guard let (peer, lane) = lanes.removeValue(forKey: route) else { return }
        if lane == .control { sessions[peer]?.control = nil } else { sessions[peer]?.data = nil }
    }

    mutating func forget(_ peer: PeerID) {
        guard let session = sessions.removeValue(forKey: peer) else { return }
        session.control.map { lanes[$0] = nil }
        session.data.map { lanes[$0] = nil }
        if let user = session.user, let count = perKey[user] { perKey[user] = count > 1 ? count - 1 : nil }
        guard let name = names.removeValue(forKey: peer) else { return }
        peers[name] = nil
        if newest[name.peer] == peer { newest[name.peer] = nil }
    }

    /// Forgets, once in a second, those who have said only half of their HELLO for long.
    private mutating func sweep(now: Int64) {
        guard sessions.count >= limit / 2, now - sweptAt >= 1_000_000 else { return }
        sweptAt = now
        for session in sessions.values where !session.isComplete && session.openedAt < now - 10_000_000 {
            forget(session.peer)
        }
    }
}
