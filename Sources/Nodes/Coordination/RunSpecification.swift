internal import Detection
internal import FoundationEssentials
internal import Networks

/// What a client asks of a run besides its dataset and model: the JSON object in the run's row.
///
/// Fields that are absent take the coordinator's defaults, so that a row written by an older client is still read.
package struct RunSpecification: Codable, Hashable, Sendable {
    /// Clips per shard.
    package var shard: Int?
    package var seed: UInt64?
    /// Of the thresholds: the share of normal clips that may be called anomalous.
    package var falseAlarmRate: Double?
    /// Of a network: what it hears, e.g. `["logmel", "tgram"]`.
    package var channels: [String]?
    /// How long a network is trained: steps, or else passes over the clips.
    package var steps: Int?
    package var epochs: Int?
    /// Clips per step.
    package var batch: Int?
    /// At the first step.
    package var learningRate: Double?
    /// Every class equally often.
    package var balanced: Bool?
    /// Steps between validations.
    package var validationInterval: Int?
    /// By what the finished network scores, e.g. `hybrid`.
    package var score: String?
    /// "sync", or "local": replicas are trained apart and averaged.
    package var mode: String?
    package var replicas: Int?
    /// Steps of each replica from one average to the next.
    package var roundSteps: Int?
    /// "nesterov", "mean" or "fedavg".
    package var averaging: String?
    /// How changes of the weights travel: "int8" or "float32".
    package var exchange: String?
    /// Synchronous steps before the first round and after the last.
    package var warmUpSteps: Int?
    package var finishSteps: Int?
    /// The share of the rounds, the last ones, whose batch norms stand still.
    package var fixedNorms: Double?

    package init(shard: Int? = nil, seed: UInt64? = nil, falseAlarmRate: Double? = nil) {
        self.shard = shard
        self.seed = seed
        self.falseAlarmRate = falseAlarmRate
    }

    /// Reads the row's JSON; throws `RunSpecificationError` with the field that is wrong.
    package init(json: String) throws(RunSpecificationError) {
        do {
            self = try JSONDecoder().decode(RunSpecification.self, from: Data(json.utf8))
        } catch {
            throw RunSpecificationError("the specification is not what this version reads: \(error)")
        }
        if let shard, !(1...4096).contains(shard) {
            throw RunSpecificationError("shards of \(shard) clips; choose 1 to 4096")
        }
        if let falseAlarmRate, !(falseAlarmRate > 0 && falseAlarmRate < 1) {
            throw RunSpecificationError("a false-alarm rate of \(falseAlarmRate); choose one between 0 and 1")
        }
        if let batch, !(2...4096).contains(batch) {
            throw RunSpecificationError("a batch of \(batch) clips; choose 2 to 4096")
        }
        if let learningRate, !(learningRate > 0 && learningRate <= 1) {
            throw RunSpecificationError("a learning rate of \(learningRate); choose one above 0 and at most 1")
        }
        if let score, ScoreRule(rawValue: score) == nil {
            throw RunSpecificationError("a score \"\(score)\"; choose \(ScoreRule.names)")
        }
        _ = try networkChannels()
        for (name, value) in [("steps", steps), ("epochs", epochs), ("validationInterval", validationInterval)] {
            if let value, !(1...10_000_000).contains(value) {
                throw RunSpecificationError("\(name) is \(value); choose 1 to 10000000")
            }
        }
        try checkReplicas()
    }

    private func checkReplicas() throws(RunSpecificationError) {
        let words = [
            ("mode", mode, ["sync", "local"]), ("averaging", averaging, ["nesterov", "mean", "fedavg"]),
            ("exchange", exchange, ["int8", "float32"]),
        ]
        for case (let name, let word?, let known) in words where !known.contains(word) {
            throw RunSpecificationError("\(name) is \"\(word)\"; choose \(known.joined(separator: ", "))")
        }
        let numbers = [
            ("replicas", replicas, 1...256), ("roundSteps", roundSteps, 1...100_000),
            ("warmUpSteps", warmUpSteps, 0...10_000_000), ("finishSteps", finishSteps, 0...10_000_000),
        ]
        for case (let name, let value?, let range) in numbers where !range.contains(value) {
            throw RunSpecificationError("\(name) is \(value); choose \(range.lowerBound) to \(range.upperBound)")
        }
        if let fixedNorms, !(0...1).contains(fixedNorms) {
            throw RunSpecificationError("fixedNorms is \(fixedNorms); choose a share from 0 to 1")
        }
    }

    /// What a network hears, in its own order; nil where that is left open.
    func networkChannels() throws(RunSpecificationError) -> [Architecture.Channel]? {
        guard let channels else { return nil }
        let known = channels.compactMap(Architecture.Channel.init(rawValue:))
        let ordered = Architecture.Channel.allCases.filter(known.contains)
        guard ordered.count == channels.count, ordered.contains(.logMel) else {
            throw RunSpecificationError(
                "the channels \"\(channels.joined(separator: ","))\"; choose logmel, logmel,tgram, logmel,tfgram or "
                    + "logmel,tgram,tfgram")
        }
        return ordered
    }

    /// The row's JSON; equal specifications give equal text.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        do {
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        } catch {
            preconditionFailure("numbers that were checked cannot be encoded: \(error)")
        }
    }
}

package struct RunSpecificationError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
