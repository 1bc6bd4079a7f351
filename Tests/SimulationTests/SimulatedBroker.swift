import Brokerage

/// One term of a broker: the value with the shell's memory around it.
final class SimulatedBroker {
    var broker: Broker
    let incarnation: Int
    var pausedUntil: Microseconds = 0
    /// The process dies when it has performed so many further actions.
    var actionsLeft: Int?
    var peers: [Int: PeerID] = [:]
    var sessions: [PeerID: Int] = [:]
    private var lastPeer = 0
    /// What each blob in memory stands for.
    var blobs: [Int: Int] = [:]
    private var lastBlob = 0
    var diskFreeAt: Microseconds = 0
    var ledgerFreeAt: Microseconds = 0
    var nextTurn: Microseconds = .max
    var fairness = Fairness()

    init(broker: Broker, incarnation: Int) {
        self.broker = broker
        self.incarnation = incarnation
    }

    func peer(for session: Int) -> PeerID {
        if let known = peers[session] { return known }
        lastPeer += 1
        let peer = PeerID(lastPeer)
        peers[session] = peer
        sessions[peer] = session
        return peer
    }

    func forget(_ peer: PeerID) {
        sessions.removeValue(forKey: peer).map { peers[$0] = nil }
    }

    func blob(_ content: Int, byteCount: Int) -> Blob {
        lastBlob += 1
        blobs[lastBlob] = content
        return Blob(lastBlob, byteCount: byteCount)
    }
}
