internal import Plant
internal import Wire

/// Refuses an output that is not fit for use, the first time.
///
/// Once it may have been the worker's memory; the same again is what the clips make of these weights.
struct OutputSuspicion {
    private var suspects: Set<Suspect> = []

    private struct Suspect: Hashable {
        let shard: Int
        let hash: ContentHash
    }

    /// Throws unless that shard has had this very output before.
    mutating func raise(_ output: [UInt8], of shard: Int, _ reason: String) throws(WireError) {
        let suspect = Suspect(shard: shard, hash: ContentHash(of: output))
        guard !suspects.insert(suspect).inserted else { throw WireError(.wrongOutput, reason) }
    }
}
