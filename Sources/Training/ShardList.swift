internal import Wire

/// The shards of one step and the outputs that have come back, each output in the place of its shard.
struct ShardList<Output> {
    private let requests: [ShardRequest]
    private(set) var outputs: [Output?]
    private(set) var missing: Int

    init(_ requests: [ShardRequest]) {
        self.requests = requests
        outputs = Array(repeating: nil, count: requests.count)
        missing = requests.count
    }

    var outstanding: [ShardRequest] { requests.indices.filter { outputs[$0] == nil }.map { requests[$0] } }

    var isComplete: Bool { missing == 0 }

    var progress: Double { requests.isEmpty ? 1 : 1 - Double(missing) / Double(requests.count) }

    /// Keeps the first output that `read` accepts.
    mutating func fold(
        of place: ShardPlace, read: (Int) throws(WireError) -> Output
    ) throws(WireError) -> Folding {
        guard let index = requests.firstIndex(where: { $0.place == place }), outputs[index] == nil else {
            return .passedOver
        }
        outputs[index] = try read(index)
        missing -= 1
        return .counted
    }
}

extension Array {
    /// Consecutive slices of at most `size` elements.
    func cut(into size: Int) -> [[Element]] {
        precondition(size > 0, "shards of \(size) clips")
        return stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
