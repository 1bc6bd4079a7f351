import Ledger
import Nodes

/// An evaluation through the queue, from its request to its figures.
struct EvaluationRun {
    let ledger: PostgreSQLLedger
    let json: Bool

    /// Scores a dataset's test clips; throws what the run failed of.
    func evaluate(
        _ version: String, on dataset: String, specification: RunSpecification = RunSpecification()
    ) throws -> EvaluationDraft {
        guard try ledger.model(version) != nil else { throw ModelCommand.unknown(version) }
        let run = try ledger.submit(
            RunRequest(kind: .evaluate, model: version, dataset: dataset, specification: specification.json))
        _ = try RunFollower(ledger: ledger, json: json).follow(run)
        guard let evaluation = try ledger.evaluation(of: version, on: dataset) else {
            throw CommandFailure("the evaluation of run \(run) has vanished")
        }
        return evaluation
    }
}
