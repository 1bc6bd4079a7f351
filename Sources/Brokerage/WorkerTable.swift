/// A worker as the broker sees it.
struct Worker {
    let id: PeerID
    let name: String
    let host: String
    let process: UInt32
    /// Jobs it may hold at once, its own word.
    var credits: Int
    var draining = false
    /// Its connection is gone; nothing is sent to it until it is heard again.
    var unreachable = false
    /// Void leases it has not let go of yet; they take room as live ones do.
    var voided: Set<Token> = []
    /// Those of them that hung, and whose computation it still lists: nothing more is given to it until they have ended.
    var hung: Set<Token> = []
    /// What it listed in its last heartbeat and nobody here knows.
    var strangers: Set<Token> = []
    /// Jobs it has finished.
    var finished = 0
}

/// The workers that live now, in order of joining.
struct WorkerTable {
    private var workers: [PeerID: Worker] = [:]
    private(set) var order: [PeerID] = []

    var count: Int { workers.count }

    subscript(id: PeerID) -> Worker? {
        get { workers[id] }
        _modify { yield &workers[id] }
    }

    mutating func join(_ worker: Worker) {
        precondition(workers[worker.id] == nil, "worker \(worker.name) has joined already")
        workers[worker.id] = worker
        order.append(worker.id)
    }

    mutating func leave(_ id: PeerID) {
        workers[id] = nil
        order.removeAll { $0 == id }
    }

    func named(_ name: String) -> Worker? {
        order.lazy.compactMap { workers[$0] }.first { $0.name == name }
    }

    /// Jobs the worker can take now.
    func room(of id: PeerID, leases: LeaseTable) -> Int {
        guard let worker = workers[id], !worker.draining, !worker.unreachable, worker.hung.isEmpty else { return 0 }
        return max(worker.credits - leases.count(of: id) - worker.voided.count, 0)
    }

    /// The worker with room that has the least to do, the earliest to join among equals.
    func leastLoaded(leases: LeaseTable, where isEligible: (PeerID) -> Bool = { _ in true }) -> PeerID? {
        order.filter { room(of: $0, leases: leases) > 0 && isEligible($0) }
            .min { leases.count(of: $0) < leases.count(of: $1) }
    }
}
