import ArgumentParser
import Detection
import Ledger
import Nodes
import Plant

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Scores a dataset's test clips through the queue and prints AUC and pAUC.",
        discussion: """
            Per machine with 95 % bootstrap intervals; per type the mean over its machines (the DCASE rule), one curve
            over all their clips (pooled), and the lowest AUC of a machine (mAUC).

            With --score a network is judged by another score than its own, as a version of its own with thresholds \
            from the clips held back in its training. hybrid is the sum of the network's log-odds and the distance from \
            a density of the machine's training clips, each standardised on held-back normal clips.

            Example: auscult model evaluate density-1 --dataset plant
            """)

    @Argument(help: "The version, e.g. density-1.")
    var version: String

    @Option(help: "The dataset's name.")
    var dataset: String

    @Option(help: "Of a network: judge it by log-odds, oscl, cosine, knn or hybrid.")
    var score: ScoreRule?

    @Option(help: "Clips per shard.")
    var shard: Int?

    @Option(help: "Seed of the bootstrap intervals.")
    var seed: UInt64?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let run = EvaluationRun(ledger: try database.ledger(), json: output.json)
        let judged = try score.map { try run.version(version, scoringBy: $0) } ?? version
        let (evaluation, leftOut) = try run.evaluate(
            judged, on: dataset, specification: RunSpecification(shard: shard, seed: seed))
        try EvaluationPrinter(evaluation, LeftOutList(leftOut), json: output.json).show()
    }
}

/// An evaluation as commands print it.
struct EvaluationPrinter {
    private let evaluation: EvaluationDraft
    private let leftOut: LeftOutList
    private let report: DetectionReport
    private let json: Bool

    init(_ evaluation: EvaluationDraft, _ leftOut: LeftOutList, json: Bool) {
        (self.evaluation, self.leftOut, self.json) = (evaluation, leftOut, json)
        report = DetectionReport(
            of: evaluation.clips.map { .init(machine: $0.machine, isAnomaly: $0.isAnomaly, score: $0.score) })
    }

    private struct MachineLine: Encodable {
        let machine: String
        let auc: Double
        let pauc: Double
        let aucLow: Double
        let aucHigh: Double
        let normal: Int
        let anomalous: Int
    }

    private struct TypeLine: Encodable {
        let machineType: String
        let auc: Double
        let pauc: Double
        let aucPooled: Double
        let paucPooled: Double
        let mauc: Double
        let normal: Int
        let anomalous: Int
    }

    private struct SummaryLine: Encodable {
        struct Summary: Encodable {
            let auc: Double
            let pauc: Double
            let mauc: Double
        }
        let modelVersion: String
        /// Nil where no machine has normal and anomalous clips.
        let summary: Summary?
        let normal: Int
        let anomalous: Int
        let leftOut: [LeftOut]
        let leftOutCount: Int
    }

    /// The clips that the curves of some machines are drawn of.
    private func counts(ofType type: String? = nil) -> (normal: Int, anomalous: Int) {
        evaluation.machines.filter { type == nil || $0.machine.type == type }
            .reduce((0, 0)) { ($0.0 + $1.normalCount, $0.1 + $1.anomalousCount) }
    }

    func show() throws {
        for machine in evaluation.machines {
            let line = MachineLine(
                machine: machine.machine.description, auc: machine.auc, pauc: machine.pauc,
                aucLow: machine.aucInterval.lowerBound, aucHigh: machine.aucInterval.upperBound,
                normal: machine.normalCount, anomalous: machine.anomalousCount)
            if json {
                try Console.json(line)
            } else {
                Console.line(
                    "\(line.machine)\tAUC \(percent(line.auc)) (\(percent(line.aucLow)) to \(percent(line.aucHigh)))\t"
                        + "pAUC \(percent(line.pauc))\t\(line.normal) normal, \(line.anomalous) anomalous")
            }
        }
        for type in report.types {
            let clips = counts(ofType: type.name)
            let line = TypeLine(
                machineType: type.name, auc: type.auc, pauc: type.pauc, aucPooled: type.aucPooled,
                paucPooled: type.paucPooled, mauc: type.mauc, normal: clips.normal, anomalous: clips.anomalous)
            if json {
                try Console.json(line)
            } else {
                Console.line(
                    "\(line.machineType)\tAUC \(percent(line.auc)), pooled \(percent(line.aucPooled))\t"
                        + "pAUC \(percent(line.pauc)), pooled \(percent(line.paucPooled))\tmAUC \(percent(line.mauc))\t"
                        + "\(line.normal) normal, \(line.anomalous) anomalous")
            }
        }
        if !json { leftOut.tell() }
        let total = counts()
        let summary = report.summary
        if summary == nil { Console.note("no machine has normal and anomalous test clips, so there is no AUC") }
        if json {
            try Console.json(
                SummaryLine(
                    modelVersion: evaluation.modelVersion,
                    summary: summary.map { .init(auc: $0.auc, pauc: $0.pauc, mauc: $0.mauc) }, normal: total.normal,
                    anomalous: total.anomalous, leftOut: leftOut.shown, leftOutCount: leftOut.count))
        } else if let summary {
            Console.line(
                "all\tAUC \(percent(summary.auc))\tpAUC \(percent(summary.pauc))\tmAUC \(percent(summary.mauc))\t"
                    + "\(total.normal) normal, \(total.anomalous) anomalous")
        }
    }

    private func percent(_ value: Double) -> String { "\((value * 100).rounded(toPlaces: 2)) %" }
}
