internal import Networks
internal import Tensors

/// What a replica carries from one round to the next beside the weights.
final class ReplicaState {
    let descent: Descent
    /// What its last change in eight bits left over.
    let remainder: FloatBuffer

    /// As it is where a replica begins afresh.
    init(_ layout: ParameterLayout) {
        descent = Descent(layout)
        remainder = FloatBuffer(count: layout.trainedCount)
    }

    /// Another one like this: a round may be asked for twice.
    init(_ other: ReplicaState, _ layout: ParameterLayout) {
        descent = Descent(other.descent, layout)
        remainder = FloatBuffer(count: layout.trainedCount)
        remainder.copy(from: other.remainder)
    }
}
