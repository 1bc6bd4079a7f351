import Plant
import Tensors
import Training
import Wire

/// A training without one of its guards.
struct SabotagedRun: ShardedRun {
    private var run: OSSCLTraining
    private let sabotage: TrainingScenario.Sabotage?
    /// Gradients in the order of their arrival, while the others are missing.
    private var arrived: [(place: ShardPlace, output: [UInt8])] = []

    private static let backward: UInt32 = 2

    init(_ run: OSSCLTraining, _ sabotage: TrainingScenario.Sabotage?) {
        (self.run, self.sabotage) = (run, sabotage)
    }

    var outstanding: [ShardRequest] {
        run.outstanding.filter { request in !arrived.contains { $0.place == request.place } }
    }
    var provisions: [Provision] { run.provisions }
    var checkpoint: [UInt8]? { run.checkpoint }
    var hasCheckpoint: Bool { run.hasCheckpoint }
    var completedSteps: Int { run.completedSteps }
    var progress: Double { run.progress }
    var isComplete: Bool { run.isComplete }

    mutating func takeMilestones() -> [Milestone] { run.takeMilestones() }
    mutating func restore(_ checkpoint: [UInt8], steps: [CommittedStep]) throws(RunFailure) {
        try run.restore(checkpoint, steps: steps)
    }
    func finish() throws(RunFailure) -> RunResult { try run.finish() }

    mutating func fold(_ output: [UInt8], of place: ShardPlace) throws(WireError) -> Folding {
        switch sabotage {
        case .noGate:
            do throws(WireError) { return try run.fold(output, of: place) } catch {
                return try run.fold(output, of: place)
            }
        case .arrivalOrder where place.phase == Self.backward: return try foldAsItComes(output, place)
        default: return try run.fold(output, of: place)
        }
    }

    private mutating func foldAsItComes(_ output: [UInt8], _ place: ShardPlace) throws(WireError) -> Folding {
        guard outstanding.contains(where: { $0.place == place }) else { return .passedOver }
        arrived.append((place, output))
        guard outstanding.isEmpty else { return .counted }
        let places = arrived.map(\.place).sorted()
        let outputs = arrived.map(\.output)
        arrived = []
        for (place, output) in zip(places, outputs) { _ = try run.fold(output, of: place) }
        return .counted
    }
}
