internal import Glibc
internal import Wire

/// A named moment at which a test may kill the process: between two things that must not come apart.
///
/// A file with the point's name in the directory that `AUSCULT_FAULTS` names does it, once; without that setting nothing
/// is looked for.
package enum FaultPoint: String, CaseIterable, Sendable {
    /// A worker has computed a shard of that work and told nobody.
    case survey = "worker-survey"
    case forward = "worker-forward"
    case backward = "worker-backward"
    case measure = "worker-measure"
    /// The coordinator has folded all shards of a step, nothing of it is on disk.
    case folded
    case journaled
    /// The step is in the database, the next one not announced.
    case committed
    /// The broker has the next weights, nobody was asked for their shards.
    case provided
    case asked
    /// A full state is in the database, the journal still holds its steps.
    case checkpointed
    /// The model is finished and not stored.
    case finished
    /// The model is stored.
    case stored

    /// The moment after a shard was computed; nil for kinds that have none.
    static func computed(_ kind: String) -> FaultPoint? {
        switch kind {
        case SurveyShard.kind: .survey
        case ForwardShard.kind: .forward
        case BackwardShard.kind: .backward
        case MeasureShard.kind: .measure
        default: nil
        }
    }

    private static let directory = getenv("AUSCULT_FAULTS").map { String(cString: $0) }

    package func reach() {
        guard let directory = Self.directory, unlink("\(directory)/\(rawValue)") == 0 else { return }
        kill(getpid(), SIGKILL)
    }
}
