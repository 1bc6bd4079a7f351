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

    /// The index of a shard whose output is missing; nil where it is there, or the shard is not one of these.
    func vacancy(at place: ShardPlace) -> Int? {
        requests.firstIndex { $0.place == place }.flatMap { outputs[$0] == nil ? $0 : nil }
    }

    mutating func put(_ output: Output, at index: Int) {
        precondition(outputs[index] == nil, "shard \(index) has an output already")
        outputs[index] = output
        missing -= 1
    }

    /// Keeps the first output that `read` accepts.
    mutating func fold(
        of place: ShardPlace, read: (Int) throws(WireError) -> Output
    ) throws(WireError) -> Folding {
        guard let index = vacancy(at: place) else { return .passedOver }
        put(try read(index), at: index)
        return .counted
    }

    /// All outputs, in the order of their shards; none may be missing.
    var collected: [Output] {
        outputs.enumerated().map { index, output in
            guard let output else { preconditionFailure("the output of shard \(index) is missing") }
            return output
        }
    }
}

extension Array {
    /// Consecutive slices of at most `size` elements.
    func cut(into size: Int) -> [[Element]] {
        precondition(size > 0, "shards of \(size) clips")
        return stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
