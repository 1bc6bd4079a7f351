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
