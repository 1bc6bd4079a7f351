import ArgumentParser
import Detection
import Ledger
import Plant

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "How much better one version is than another on the same clips.",
        discussion: """
            Both versions' evaluations on the dataset are used; one that is missing is computed through the queue. The \
            differences are the second version's AUC less the first's, with paired bootstrap intervals of 95 %: clips \
            are drawn anew with both their scores.

            Example: auscult model compare density-1 os-scl-1 --dataset plant
            """)

    @Argument(help: "The first version, e.g. density-1.")
    var first: String

    @Argument(help: "The second version, e.g. os-scl-1.")
    var second: String

    @Option(help: "The dataset's name.")
    var dataset: String

    @Option(help: "Seed of the bootstrap intervals.")
    var seed: UInt64 = 1

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    private struct MachineLine: Encodable {
        let machine: String
        let aucFirst: Double
        let aucSecond: Double
        let difference: Double
        let low: Double
        let high: Double
        let normal: Int
        let anomalous: Int
    }

    private struct SummaryLine: Encodable {
        struct Summary: Encodable {
            let difference: Double
            let low: Double
            let high: Double
        }
        let summary: Summary
    }

    func run() throws {
        let ledger = try database.ledger()
        let (before, after) = (try evaluation(of: first, ledger), try evaluation(of: second, ledger))
        let scores = Dictionary(after.clips.map { ($0.path, $0.score) }, uniquingKeysWith: { one, _ in one })
        let machines = Dictionary(grouping: before.clips, by: \.machine)
        var comparisons: [PairedComparison] = []
        for machine in machines.keys.sorted() {
            let clips = machines[machine, default: []].compactMap { clip in
                scores[clip.path].map {
                    PairedComparison.Clip(isAnomaly: clip.isAnomaly, first: clip.score, second: $0)
                }
            }
            guard let comparison = PairedComparison(of: clips, seed: seed) else { continue }
            comparisons.append(comparison)
            try show(comparison, of: machine)
        }
        guard let mean = PairedComparison.mean(comparisons) else {
            throw CommandFailure("no machine has normal and anomalous test clips that both versions scored")
        }
        let (low, high) = (mean.interval.lowerBound, mean.interval.upperBound)
        if output.json {
            try Console.json(SummaryLine(summary: .init(difference: mean.difference, low: low, high: high)))
        } else {
            Console.line("all\t\(signed(mean.difference)) (\(signed(low)) to \(signed(high)))")
        }
    }

    private func evaluation(of version: String, _ ledger: PostgreSQLLedger) throws -> EvaluationDraft {
        let stored = try ledger.storedName(ofDataset: dataset) ?? dataset
        if let known = try ledger.evaluation(of: version, on: stored) { return known }
        let (evaluation, leftOut) = try EvaluationRun(ledger: ledger, json: output.json).evaluate(version, on: dataset)
        LeftOutList(leftOut).tell()
        return evaluation
    }

    private func show(_ comparison: PairedComparison, of machine: MachineName) throws {
        let line = MachineLine(
            machine: machine.description, aucFirst: comparison.firstAUC, aucSecond: comparison.secondAUC,
            difference: comparison.difference, low: comparison.interval.lowerBound,
            high: comparison.interval.upperBound, normal: comparison.normalCount,
            anomalous: comparison.anomalousCount)
        if output.json { return try Console.json(line) }
        Console.line(
            "\(line.machine)\tAUC \((line.aucFirst * 100).rounded(toPlaces: 2)) % -> "
                + "\((line.aucSecond * 100).rounded(toPlaces: 2)) %\t\(signed(line.difference)) "
                + "(\(signed(line.low)) to \(signed(line.high)))")
    }

    /// Points of a hundred.
    private func signed(_ value: Double) -> String {
        let points = (value * 100).rounded(toPlaces: 2)
        return points > 0 ? "+\(points)" : "\(points)"
    }
}
