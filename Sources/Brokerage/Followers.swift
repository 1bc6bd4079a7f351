/// Gateways that want to be told how a clip ends.
struct Followers {
    struct Follower {
        let peer: PeerID
        let key: String
    }

    private var byJob: [Int64: [Follower]] = [:]
    private var counts: [PeerID: Int] = [:]

    /// Clips a peer follows.
    func count(of peer: PeerID) -> Int { counts[peer, default: 0] }

    func isFollowed(_ job: Int64) -> Bool { byJob[job] != nil }

    mutating func add(_ follower: Follower, to job: Int64) {
        guard byJob[job]?.contains(where: { $0.peer == follower.peer }) != true else { return }
        byJob[job, default: []].append(follower)
        counts[follower.peer, default: 0] += 1
    }

    /// Whoever follows the job, once.
    mutating func take(_ job: Int64) -> [Follower] {
        let followers = byJob.removeValue(forKey: job) ?? []
        for follower in followers { discount(follower.peer) }
        return followers
    }

    mutating func forget(_ peer: PeerID) {
        guard counts.removeValue(forKey: peer) != nil else { return }
        byJob = byJob.compactMapValues { followers in
            let others = followers.filter { $0.peer != peer }
            return others.isEmpty ? nil : others
        }
    }

    private mutating func discount(_ peer: PeerID) {
        guard let count = counts[peer] else { return }
        counts[peer] = count > 1 ? count - 1 : nil
    }
}
