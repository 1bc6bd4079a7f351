/// Gateways that want to be told how a clip ends.
struct Followers {
    struct Follower {
        let peer: PeerID
        let key: String
    }

    private var byJob: [Int64: [Follower]] = [:]

    mutating func add(_ follower: Follower, to job: Int64) {
        guard byJob[job]?.contains(where: { $0.peer == follower.peer }) != true else { return }
        byJob[job, default: []].append(follower)
    }

    /// Whoever follows the job, once.
    mutating func take(_ job: Int64) -> [Follower] { byJob.removeValue(forKey: job) ?? [] }

    mutating func forget(_ peer: PeerID) {
        byJob = byJob.compactMapValues { followers in
            let others = followers.filter { $0.peer != peer }
            return others.isEmpty ? nil : others
        }
    }
}
