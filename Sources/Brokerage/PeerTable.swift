/// The sessions that live now.
struct PeerTable {
    struct Peer {
        let role: Role
        let name: String
        let site: String?
        var lastHeard: Microseconds
        /// Payload it has sent that is not answered yet, bytes.
        var unansweredBytes = 0
        /// Pieces of content it waits for.
        var fetches = 0
    }

    private var peers: [PeerID: Peer] = [:]
    private let creditBytes: Int

    init(creditBytes: Int) { self.creditBytes = creditBytes }

    subscript(id: PeerID) -> Peer? { peers[id] }

    /// What each peer has unanswered, bytes.
    var debts: some Collection<Int> { peers.values.lazy.map(\.unansweredBytes) }

    mutating func join(_ id: PeerID, as introduction: Introduction, now: Microseconds) {
        guard peers[id] == nil else { return heard(id, now: now) }
        peers[id] = Peer(
            role: introduction.role, name: introduction.name, site: introduction.site, lastHeard: now)
    }

    mutating func heard(_ id: PeerID, now: Microseconds) { peers[id]?.lastHeard = now }

    mutating func leave(_ id: PeerID) { peers[id] = nil }

    /// Who has been silent for longer than its role may be, in order of joining.
    func silent(now: Microseconds, configuration: BrokerConfiguration) -> [PeerID] {
        peers.filter { _, peer in
            switch peer.role {
            case .worker, .coordinator: now - peer.lastHeard > configuration.liveness
            case .gateway, .operator: now - peer.lastHeard > configuration.clientPatience
            }
        }.keys.sorted()
    }

    /// Whether a clip of this site is the peer's business.
    func mayKnow(_ site: String, _ id: PeerID) -> Bool { peers[id].map { $0.site == nil || $0.site == site } ?? false }

    mutating func countFetch(_ id: PeerID, _ change: Int) { peers[id]?.fetches += change }

    /// Takes credit for a payload; false when the peer has too much unanswered already.
    ///
    /// A payload larger than the credit passes when it is alone.
    mutating func charge(_ id: PeerID, _ byteCount: Int) -> Bool {
        guard let peer = peers[id] else { return false }
        guard peer.unansweredBytes == 0 || peer.unansweredBytes + byteCount <= creditBytes else { return false }
        peers[id]?.unansweredBytes += byteCount
        return true
    }

    /// Gives the credit back; a peer that has left needs none.
    mutating func credit(_ id: PeerID, _ byteCount: Int) {
        guard let peer = peers[id] else { return }
        precondition(
            peer.unansweredBytes >= byteCount, "credit of \(byteCount) exceeds the debt \(peer.unansweredBytes)")
        peers[id]?.unansweredBytes -= byteCount
    }
}
