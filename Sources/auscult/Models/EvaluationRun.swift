import Detection
import Ledger
import Nodes
import Plant

/// An evaluation through the queue, from its request to its figures.
struct EvaluationRun {
    let ledger: PostgreSQLLedger
    let json: Bool

    /// The version of the same weights that scores by another rule; it is stored where there is none yet.
    func version(_ version: String, scoringBy rule: ScoreRule) throws -> String {
        guard let record = try ledger.model(version), let bytes = try ledger.modelFile(of: version) else {
            throw ModelCommand.unknown(version)
        }
        guard record.kind == NetworkModel.kind else {
            throw CommandFailure("\(version) is a model of the kind \(record.kind), which has one score only")
        }
        let model = try NetworkModel(ModelFile(decoding: bytes, name: version)).scoring(by: rule)
        let stored = try ledger.addModel(
            ModelDraft(
                kind: record.kind, file: model.file.encoded(), weightsHash: record.weightsHash, feature: record.feature,
                dataset: record.dataset, machines: record.machines,
                metadata: Console.jsonText(Origin(sameWeightsAs: version, score: rule.rawValue))))
        if stored.version != version { Console.note("\(stored.version) is \(version) scoring by \(rule.rawValue)") }
        return stored.version
    }

    private struct Origin: Encodable {
        let sameWeightsAs: String
        let score: String
    }

    /// Scores a dataset's test clips; throws what the run failed of.
    func evaluate(
        _ version: String, on dataset: String, specification: RunSpecification = RunSpecification()
    ) throws -> (evaluation: EvaluationDraft, leftOut: [LeftOut]) {
        guard try ledger.model(version) != nil else { throw ModelCommand.unknown(version) }
        let run = try ledger.submit(
            RunRequest(kind: .evaluate, model: version, dataset: dataset, specification: specification.json))
        // The run knows which version of the dataset it was.
        let judged = try RunFollower(ledger: ledger, json: json).follow(run).run.request.dataset
        guard let evaluation = try ledger.evaluation(of: version, on: judged) else {
            throw CommandFailure("the evaluation of run \(run) has vanished")
        }
        return (evaluation, try ledger.leftOut(of: run))
    }
}
