package import Detection
package import Plant
package import Spectra
package import Wire

/// A training or an evaluation as the coordinator sees it: shards to be computed by anybody, folded as they come back.
///
/// The result does not depend on who computed a shard, in which order outputs arrive, or how often.
package protocol ShardedRun: Sendable {
    /// The shards whose output is missing, in order. New ones may appear when the last of a step was folded.
    var outstanding: [ShardRequest] { get }

    /// Takes the output of one shard.
    ///
    /// The first valid output of a shard counts; a later one, or one of a step that is over, is passed over.
    ///
    /// Throws `.wrongOutput` where it is not what the shard asked for: the shard stays outstanding.
    mutating func fold(_ output: [UInt8], of place: ShardPlace) throws(WireError) -> Folding

    /// The share of the work that is done, 0...1.
    var progress: Double { get }

    /// Whether nothing is outstanding and `finish` may be called.
    var isComplete: Bool { get }

    /// Makes the result of all shards. It may compute for seconds: call it away from threads that must answer.
    ///
    /// Throws where the clips do not suffice for any result, with a sentence that says why.
    func finish() throws(RunFailure) -> RunResult
}

/// What became of an output.
package enum Folding: Hashable, Sendable {
    case counted
    /// The shard had an output already, or is not of this run.
    case passedOver
}

package enum RunResult: Sendable {
    case model(TrainedModel)
    case evaluation(EvaluationResult)
}

/// A finished training.
package struct TrainedModel: Sendable {
    package var kind: String
    package var machines: [MachineName]
    package var feature: LogMelParameters
    /// Of the numbers alone; equal trainings have equal weights.
    package var weightsHash: ContentHash
    /// The model file, a safetensors file.
    package var file: [UInt8]
    /// Clips and machines that had to be left out, a sentence each.
    package var notices: [String]
}

/// A finished evaluation.
package struct EvaluationResult: Sendable {
    package struct Clip: Sendable {
        package var clip: ShardClip
        package var isAnomaly: Bool
        package var score: ScoreShard.Output.Score
    }

    package var report: DetectionReport
    /// Every clip that could be scored, by machine and name.
    package var clips: [Clip]
    /// Clips and machines that had to be left out, a sentence each.
    package var notices: [String]
}

/// A run ended without a result.
package struct RunFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// Why, and what to do.
    package let description: String

    package init(_ description: String) { self.description = description }
}
