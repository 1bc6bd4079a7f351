package import Plant
internal import SwiftProtobuf

/// A shard of kind "os-scl.round": many steps of one replica.
///
/// A replica's state beside the weights, its optimiser's moments and what its changes in eight bits left over, stays
/// with the worker. It follows from `previous`, which any other worker can therefore repeat.
package struct RoundShard: Hashable, Sendable {
    package static let kind = "os-scl.round"

    /// Of the encoded `RoundCourse`.
    package var course: ContentHash
    /// Of the weights that the round begins with.
    package var weights: ContentHash
    /// Of an encoded `WeightChange` that leads to them from those of `previous`; nil where there is none.
    package var change: ContentHash?
    package var replica: Int
    /// 1 for the first of the training.
    package var firstStep: Int
    package var steps: Int
    /// The batch norms use the running statistics, which stand still.
    package var fixesNorms: Bool
    /// The output is a change in eight bits.
    package var isCompressed: Bool
    /// The encoded `RoundShard` of this replica's round before, whose state goes on; empty where it begins afresh.
    package var previous: [UInt8]

    package init(
        course: ContentHash, weights: ContentHash, change: ContentHash?, replica: Int, firstStep: Int, steps: Int,
        fixesNorms: Bool, isCompressed: Bool, previous: [UInt8]
    ) {
        self.course = course
        self.weights = weights
        self.change = change
        self.replica = replica
        self.firstStep = firstStep
        self.steps = steps
        self.fixesNorms = fixesNorms
        self.isCompressed = isCompressed
        self.previous = previous
    }

    package enum Output: Hashable, Sendable {
        case weights([Float], Course)
        case change(WeightChange, Course)
        /// The gradients of several steps in a row were not fit for use.
        case diverged

        /// How the steps went.
        package struct Course: Hashable, Sendable {
            /// The mean of the steps.
            package var loss: Double
            /// Steps whose gradient was not fit for use.
            package var skipped: Int

            package init(loss: Double, skipped: Int) {
                self.loss = loss
                self.skipped = skipped
            }
        }
    }
}

extension RoundShard {
    package func encoded() -> [UInt8] {
        encode(
            WireRoundShard.with {
                $0.courseSha256 = .init(wire: course.bytes)
                $0.weightsSha256 = .init(wire: weights.bytes)
                if let change { $0.changeSha256 = .init(wire: change.bytes) }
                $0.replica = UInt32(clamping: replica)
                $0.firstStep = UInt32(clamping: firstStep)
                $0.steps = UInt32(clamping: steps)
                $0.fixedNorms = fixesNorms
                $0.compressed = isCompressed
                $0.previous = .init(wire: previous)
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireRoundShard.self, from: bytes)
        self.init(
            course: try contentHash(message.courseSha256, of: "the course"),
            weights: try contentHash(message.weightsSha256, of: "the weights"),
            change: message.changeSha256.isEmpty ? nil : try contentHash(message.changeSha256, of: "the change"),
            replica: Int(message.replica), firstStep: Int(message.firstStep), steps: Int(message.steps),
            fixesNorms: message.fixedNorms, isCompressed: message.compressed, previous: [UInt8](message.previous))
        guard firstStep > 0, steps > 0 else {
            throw WireError(.badBody, "a round of \(steps) steps from step \(firstStep)")
        }
    }
}

extension RoundShard.Output {
    package func encoded() -> [UInt8] {
        encode(
            WireRoundShardOutput.with {
                switch self {
                case .weights(let weights, let course):
                    $0.weights = .init(wire: weights)
                    ($0.loss, $0.skipped) = (course.loss, UInt32(clamping: course.skipped))
                case .change(let change, let course):
                    $0.change = change.message
                    ($0.loss, $0.skipped) = (course.loss, UInt32(clamping: course.skipped))
                case .diverged: $0.diverged = true
                }
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireRoundShardOutput.self, from: bytes)
        let course = Course(loss: message.loss, skipped: Int(message.skipped))
        if message.diverged {
            self = .diverged
        } else if message.hasChange {
            self = .change(try WeightChange(message.change), course)
        } else {
            self = .weights(try numbers(message.weights, of: "the weights"), course)
        }
    }
}
