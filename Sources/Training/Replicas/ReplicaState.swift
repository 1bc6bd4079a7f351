internal import Networks
internal import Tensors

/// What a replica carries from one round to the next beside the weights.
final class ReplicaState {
    let moments: AdamW.Moments
    var gate = GradientGate()
    /// What its last change in eight bits left over.
    let remainder: FloatBuffer

    /// As it is where a replica begins afresh.
    init(_ layout: ParameterLayout) {
        moments = AdamW.Moments(layout)
        remainder = FloatBuffer(count: layout.trainedCount)
    }

    /// Another one like this: a round may be asked for twice.
    convenience init(_ other: ReplicaState, _ layout: ParameterLayout) {
        self.init(layout)
        moments.first.copy(from: other.moments.first)
        moments.second.copy(from: other.moments.second)
        moments.steps = other.moments.steps
        gate = other.gate
        remainder.copy(from: other.remainder)
    }
}
