package import Detection
package import Plant
package import Spectra
package import Tensors
package import Wire

/// A training or an evaluation as the coordinator sees it: shards to be computed by anybody, folded as they come back.
///
/// The result does not depend on who computed a shard, in which order outputs arrive, or how often. One thread owns a run.
package protocol ShardedRun {
    /// The shards whose output is missing, in order. New ones may appear when the last of a step was folded.
    var outstanding: [ShardRequest] { get }

    /// What the outstanding shards refer to and only the run has: to be with the broker before they are asked for.
    var provisions: [Provision] { get }

    /// What was reached since the last call, in order; to be made durable before anything that follows is asked for.
    mutating func takeMilestones() -> [Milestone]

    /// The full state, from which another coordinator goes on; nil where it would have to begin anew.
    var checkpoint: [UInt8]? { get }

    /// Whether there is a full state to keep.
    var hasCheckpoint: Bool { get }

    /// Steps that are done.
    var completedSteps: Int { get }

    /// Goes on from a checkpoint and the steps that were committed after it.
    mutating func restore(_ checkpoint: [UInt8], steps: [CommittedStep]) throws(RunFailure)

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

extension ShardedRun {
    package var provisions: [Provision] { [] }
    package var checkpoint: [UInt8]? { nil }
    package var hasCheckpoint: Bool { false }
    package var completedSteps: Int { 0 }
    package mutating func restore(_ checkpoint: [UInt8], steps: [CommittedStep]) throws(RunFailure) {
        throw RunFailure("a checkpoint was kept of a run that knows none")
    }
    package mutating func takeMilestones() -> [Milestone] { [] }
}

/// Content that shards fetch by its hash.
package struct Provision {
    package let hash: ContentHash
    /// To be called before the run goes on.
    package let bytes: () -> [UInt8]

    package init(hash: ContentHash, bytes: @escaping () -> [UInt8]) { (self.hash, self.bytes) = (hash, bytes) }
}

/// Something worth keeping that a training has reached.
package enum Milestone {
    /// The clips have been looked at, and the first step may begin.
    case surveyed
    case step(CompletedStep)
    /// What the averaged weights after a step lose on the clips that are held back.
    case validated(step: Int, loss: Double)
}

/// A step of a training, whose shards have all been folded.
package struct CompletedStep {
    /// 1 for the first.
    package var number: Int
    package var clipCount: Int
    package var loss: Double
    package var learningRate: Double
    /// Of the weights before and after it.
    package var before: ContentHash
    package var after: ContentHash
    /// What the optimiser was given: the gradient, and behind it the batch moments; or the mean of the replicas' weights.
    /// Nil for a step that was skipped because its gradient was not fit for use.
    package var change: FloatBuffer?
}

/// A step that an earlier coordinator committed.
package struct CommittedStep: Sendable {
    package var number: Int
    /// Of the weights.
    package var after: ContentHash
    package var isSkipped: Bool
    /// The bytes of `CompletedStep.change`, where they are still known.
    package var change: [UInt8]?
    package var validationLoss: Double?

    package init(number: Int, after: ContentHash, isSkipped: Bool, change: [UInt8]?, validationLoss: Double?) {
        self.number = number
        self.after = after
        self.isSkipped = isSkipped
        self.change = change
        self.validationLoss = validationLoss
    }
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
    package var leftOut: [LeftOut]
    /// Of a model of one machine that joins a plant.
    package var enrolment: Enrolment?

    package struct Enrolment: Sendable {
        package var machine: MachineName
        /// Normal clips that it rests on.
        package var clips: Int
        /// How well the model tells its peers' normal clips from its machine's own; nil without peers.
        package var proxyAUC: Double?
        /// Whether it becomes the machine's champion at once.
        package var isFit: Bool
    }
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
    package var leftOut: [LeftOut]
}

/// A run ended without a result.
package struct RunFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// Why, and what to do.
    package let description: String

    package init(_ description: String) { self.description = description }
}
