package import Detection
internal import FoundationEssentials
package import Networks
package import Plant

/// What a client asks of a run besides its dataset and model: the JSON object in the run's row.
///
/// Fields that are absent take the coordinator's defaults, so that a row written by an older client is still read.
package struct RunSpecification: Codable, Hashable, Sendable {
    /// Clips per shard.
    package var shard: Int?
    package var seed: UInt64?
    /// Of the thresholds: the share of normal clips that may be called anomalous.
    package var falseAlarmRate: Double?

    // MARK: Of an ear

    /// Only this machine is fitted, with the plant as its peers; it becomes the champion at once where it is fit for it.
    package var enrols: MachineName?
    /// Where that machine stands, for people.
    package var site: String?
    /// What the dataset's clips are to that machine.
    package var change: EarEnrolment.Change?

    // MARK: Of a network

    /// Whose settings take the place of the defaults.
    package var recipe: Preset?
    package var channels: ChannelList?
    /// The log-mel with its bands mixed by self-attention is a channel too.
    package var attention: Bool?
    /// Times the channels of its convolutions.
    package var width: Double?
    /// Centres per class.
    package var subCentres: Int?
    /// How much of a clip it hears at a time, seconds.
    package var crop: Double?
    /// How long it is trained: steps, or else passes over the clips.
    package var steps: Int?
    package var epochs: Int?
    /// Clips per step.
    package var batch: Int?
    /// At the first step.
    package var learningRate: Double?
    /// Every class equally often.
    package var balanced: Bool?
    /// How its weights are averaged, and from which step on by their plain mean.
    package var ema: MovingAverage?
    package var swa: Int?
    /// The averaged network teaches, with that weight.
    package var teacher: Bool?
    package var teacherWeight: Double?
    /// Embeddings of earlier batches are partners too.
    package var memoryPool: Bool?
    /// Steps between validations.
    package var validationInterval: Int?
    /// By what it scores once it is finished.
    package var score: ScoreRule?

    // MARK: Of replicas

    package var mode: Mode?
    package var replicas: Int?
    /// Steps of each replica from one average to the next.
    package var roundSteps: Int?
    package var averaging: Averaging?
    package var exchange: Exchange?
    /// Synchronous steps before the first round and after the last.
    package var warmUpSteps: Int?
    package var finishSteps: Int?
    /// The share of the rounds, the last ones, whose batch norms stand still.
    package var fixedNorms: Double?

    package enum Preset: String, Codable, CaseIterable, Sendable {
        case published
    }

    package enum Mode: String, Codable, CaseIterable, Sendable {
        /// Every step is taken together.
        case sync
        /// Replicas are trained apart and averaged.
        case local
    }

    package enum Averaging: String, Codable, CaseIterable, Sendable {
        case nesterov, mean, fedavg
    }

    /// How changes of the weights travel.
    package enum Exchange: String, Codable, CaseIterable, Sendable {
        case int8, float32
    }

    package init(shard: Int? = nil, seed: UInt64? = nil, falseAlarmRate: Double? = nil) {
        self.shard = shard
        self.seed = seed
        self.falseAlarmRate = falseAlarmRate
    }

    /// Reads the row's JSON; throws `RunSpecificationError` with the field that is wrong.
    package init(json: String) throws(RunSpecificationError) {
        do {
            self = try JSONDecoder().decode(RunSpecification.self, from: Data(json.utf8))
        } catch let error as DecodingError {
            throw RunSpecificationError(error)
        } catch {
            throw RunSpecificationError("the specification is not what this version reads: \(error)")
        }
        try check()
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

extension ScoreRule: Codable {}

extension EarEnrolment.Change: Codable {}

package struct RunSpecificationError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    fileprivate init(_ error: DecodingError) {
        let context: DecodingError.Context? =
            switch error {
            case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
                .valueNotFound(_, let context):
                context
            @unknown default: nil
            }
        let field = context?.codingPath.last?.stringValue
        self.init(
            "the specification\(field.map { "'s " + $0 } ?? "") is not what this version reads: "
                + (context?.debugDescription ?? "\(error)"))
    }
}
