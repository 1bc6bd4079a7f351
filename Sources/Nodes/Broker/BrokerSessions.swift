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

    private let limit: Int
    private var sessions: [PeerID: Session] = [:]
    private var peers: [Name: PeerID] = [:]
    private var names: [PeerID: Name] = [:]
    private var lanes: [Route: (peer: PeerID, lane: WireLane)] = [:]
    private var lastPeer = 0

    init(limit: Int) { self.limit = limit }

    subscript(peer: PeerID) -> Session? { sessions[peer] }

    /// The peers whose sessions are of a kind, in order of joining.
    func peers(where fits: (Session) -> Bool) -> [PeerID] { sessions.values.filter(fits).map(\.peer).sorted() }

    /// Where every peer reads what is not an answer.
    var controlRoutes: [Route] { sessions.values.compactMap(\.control) }

    /// Who speaks on a connection.
    func speaker(on route: Route) -> (peer: PeerID, lane: WireLane)? { lanes[route] }

    /// Takes a HELLO in; returns the session it belongs to, or why there is none.
    mutating func greet(
        _ hello: WireHello, on route: Route, user: CurveKey?, now: Int64
    ) -> Result<PeerID, WireError> {
        let name = Name(peer: hello.peer, session: hello.session)
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
            dropIncomplete(openedBefore: now - 10_000_000)
            guard sessions.count < limit else {
                return .failure(WireError(.tooManyPeers, "\(limit) peers are connected, which is the limit"))
            }
            lastPeer += 1
            peer = PeerID(lastPeer)
            peers[name] = peer
            names[peer] = name
            sessions[peer] = Session(
                peer: peer, role: hello.role, user: user, openedAt: now,
                minorVersion: UInt8(min(hello.minorVersion, UInt32(WireHeader.minor))))
        }
        unlink(route)
        switch hello.lane {
        case .control:
            sessions[peer]?.control.map { lanes[$0] = nil }
            sessions[peer]?.control = route
            sessions[peer]?.introduction = Introduction(hello)
        default:
            sessions[peer]?.data.map { lanes[$0] = nil }
            sessions[peer]?.data = route
        }
        lanes[route] = (peer, hello.lane)
        return .success(peer)
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
        names.removeValue(forKey: peer).map { peers[$0] = nil }
    }

    private mutating func dropIncomplete(openedBefore moment: Int64) {
        guard sessions.count >= limit else { return }
        for session in sessions.values where !session.isComplete && session.openedAt < moment { forget(session.peer) }
    }
}
