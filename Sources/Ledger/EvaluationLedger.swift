package import Plant

/// What people ask about how well models do.
package protocol EvaluationLedger: Sendable {
    /// The newest evaluation of a model version on a dataset, nil when there is none.
    func evaluation(of modelVersion: String, on dataset: String) throws -> EvaluationDraft?
}

/// Scores of a model on a dataset whose truth is known, and the figures of each machine.
package struct EvaluationDraft: Hashable, Sendable {
    package var modelVersion: String
    package var dataset: String
    /// In order of path.
    package var clips: [EvaluatedClip]
    /// In order of machine; only those with normal and anomalous clips.
    package var machines: [MachineEvaluation]

    package init(modelVersion: String, dataset: String, clips: [EvaluatedClip], machines: [MachineEvaluation]) {
        self.modelVersion = modelVersion
        self.dataset = dataset
        self.clips = clips
        self.machines = machines
    }
}

/// The score of one clip whose truth is known.
package struct EvaluatedClip: Hashable, Sendable {
    package var path: String
    package var machine: MachineName
    package var isAnomaly: Bool
    package var score: Double
    package var logOdds: Double?
    package var neighbourDistance: Double?
    /// `normal` or `anomalous`, where the model has a threshold.
    package var verdict: String?

    package init(
        path: String, machine: MachineName, isAnomaly: Bool, score: Double, logOdds: Double? = nil,
        neighbourDistance: Double? = nil, verdict: String? = nil
    ) {
        self.path = path
        self.machine = machine
        self.isAnomaly = isAnomaly
        self.score = score
        self.logOdds = logOdds
        self.neighbourDistance = neighbourDistance
        self.verdict = verdict
    }
}

/// How well a model tells one machine's anomalous clips from its normal ones.
///
/// The database derives areas and counts from the scores by its own aggregates; the intervals are kept as given.
package struct MachineEvaluation: Hashable, Sendable {
    package var machine: MachineName
    package var auc: Double
    /// Up to a false-alarm rate of 0.1, standardised.
    package var pauc: Double
    /// 95 % intervals.
    package var aucInterval: ClosedRange<Double>
    package var paucInterval: ClosedRange<Double>
    package var normalCount: Int
    package var anomalousCount: Int

    package init(
        machine: MachineName, auc: Double, pauc: Double, aucInterval: ClosedRange<Double>,
        paucInterval: ClosedRange<Double>, normalCount: Int, anomalousCount: Int
    ) {
        self.machine = machine
        self.auc = auc
        self.pauc = pauc
        self.aucInterval = aucInterval
        self.paucInterval = paucInterval
        self.normalCount = normalCount
        self.anomalousCount = anomalousCount
    }
}
