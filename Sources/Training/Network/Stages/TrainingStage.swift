internal import Networks
internal import Plant
internal import Wire

/// What a training asks workers for at one time, and what has come back of it.
protocol TrainingStage {
    associatedtype Output

    var shards: ShardList<Output> { get set }

    /// What the outstanding shards refer to.
    var provisions: [Provision] { get }

    /// Why the training cannot go on, as its outputs say; nil where it can.
    var failure: RunFailure? { get }

    /// The output of a shard, if it has the shape it should. Throws `.wrongOutput`.
    mutating func read(_ output: [UInt8], _ index: Int) throws(WireError) -> Output
}

extension TrainingStage {
    var provisions: [Provision] { [] }
    var failure: RunFailure? { nil }
    var outstanding: [ShardRequest] { shards.outstanding }
    var isFolded: Bool { shards.isComplete }
    var share: Double { shards.progress }

    mutating func fold(_ output: [UInt8], of place: ShardPlace) throws(WireError) -> Folding {
        guard let index = shards.vacancy(at: place) else { return .passedOver }
        shards.put(try read(output, index), at: index)
        return .counted
    }
}

/// The phases of shards, by which the ledger knows them.
enum TrainingPhase: UInt32 {
    case survey = 0, forward, backward, validation, statistics, measurement, round
}

extension ShardList {
    /// - Parameters:
    ///   - specifications: one per shard.
    ///   - follows: whose shards left with their workers what these need.
    init(
        _ phase: TrainingPhase, step: Int, kind: String, _ specifications: [[UInt8]],
        follows: (phase: TrainingPhase, step: Int)? = nil
    ) {
        func place(_ phase: TrainingPhase, _ step: Int, _ index: Int) -> ShardPlace {
            ShardPlace(step: UInt32(step), phase: phase.rawValue, shard: UInt32(index))
        }
        self.init(
            specifications.enumerated().map { index, specification in
                ShardRequest(
                    place: place(phase, step, index), kind: kind, specification: specification,
                    follows: follows.map { place($0.phase, $0.step, index) })
            })
    }
}

extension Provision {
    /// Weights that stand still as long as shards ask for them.
    init(_ weights: Parameters) { self.init(hash: weights.weightsHash) { weights.bytes } }
}
