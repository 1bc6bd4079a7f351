import ArgumentParser
import Detection
import Ledger
import Plant

struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Chooses thresholds on normal clips and stores the result as a new version.",
        discussion: """
            The normal test clips of the dataset are scored through the queue; its anomalous ones play no part. They \
            must not be clips that the model was trained on. Without --dataset thresholds rest on the clips that were \
            held back in training, of an ear or a network. A rate that a machine's clips cannot support is refused: \
            n clips support rates from 1/(n + 1), except by student.

            conformal: at most the wanted share of such clips lies above the threshold, whatever their distribution.
            empirical: the quantile of the scores, interpolated.
            gamma: the quantile of a gamma distribution fitted to them.
            student: that of a further clip, were the scores normally distributed, their deviation pooled over the type.

            Example: auscult model calibrate density-1 --dataset plant --rate 0.05
            """)

    @Argument(help: "The version, e.g. density-1.")
    var version: String

    @Option(help: "The dataset whose normal test clips are used; those held back in training otherwise.")
    var dataset: String?

    @Option(help: "The share of normal clips that may be called anomalous.")
    var rate = 0.05

    @Option(help: "conformal, empirical, gamma or student; student for an ear, conformal otherwise, unless given.")
    var method: Calibration.Method?

    @Option(help: "Clips per machine and day, of which the false alarms are told; 8640 is one every ten seconds.")
    var clipsPerDay = 8640.0

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard rate > 0, rate < 1 else { throw ValidationError("choose a rate between 0 and 1, e.g. 0.05") }
        guard clipsPerDay > 0 else { throw ValidationError("choose a positive number of clips per day") }
    }

    private struct MachineLine: Encodable {
        let machine: String
        let threshold: Double
        let falseAlarmRate: Double
        let method: String
        let clips: Int
        let falseAlarmsPerDay: Double
    }

    private struct Done: Encodable {
        let event = "done"
        let modelVersion: String
        let weightsHash: String
        let leftOut: [LeftOut]
        let leftOutCount: Int
    }

    private struct Origin: Encodable {
        let calibratedFrom: String
        let calibrationDataset: String?
    }

    func run() throws {
        let ledger = try database.ledger()
        guard let record = try ledger.model(version), let bytes = try ledger.modelFile(of: version) else {
            throw ModelCommand.unknown(version)
        }
        let before = try ModelFile(decoding: bytes, name: version)
        let (normal, unscored) = try dataset.map { try scores(on: $0, ledger) } ?? (heldBackScores(before), [])
        let unheard = record.machines.filter { normal[$0] == nil }.map {
            LeftOut(machine: $0, reason: "\($0) has no such normal clip and keeps the threshold it had")
        }
        let leftOut = LeftOutList(unscored + unheard)
        let usual: Calibration.Method = record.kind == EarModel.kind ? .student : .conformal
        let file = try before.calibrated(by: normal, falseAlarmRate: rate, method: method ?? usual)
        let stored = try ledger.addModel(
            ModelDraft(
                kind: record.kind, file: file.encoded(), weightsHash: record.weightsHash, feature: record.feature,
                dataset: record.dataset, machines: record.machines,
                metadata: Console.jsonText(Origin(calibratedFrom: version, calibrationDataset: dataset))))
        for machine in normal.keys.sorted() {
            guard let calibration = file.calibration[machine] else { continue }
            try show(calibration, of: machine)
        }
        if output.json {
            try Console.json(
                Done(
                    modelVersion: stored.version, weightsHash: stored.weightsHash.description, leftOut: leftOut.shown,
                    leftOutCount: leftOut.count))
        } else {
            leftOut.tell()
            Console.line("stored as \(stored.version)")
        }
    }

    /// Of a dataset's normal test clips.
    private func scores(
        on dataset: String, _ ledger: PostgreSQLLedger
    ) throws -> ([MachineName: [Double]], leftOut: [LeftOut]) {
        let (evaluation, leftOut) = try EvaluationRun(ledger: ledger, json: output.json).evaluate(version, on: dataset)
        let normal = Dictionary(grouping: evaluation.clips.filter { !$0.isAnomaly }, by: \.machine)
        guard !normal.isEmpty else { throw CommandFailure("the dataset \(dataset) has no normal test clip") }
        // Of a machine without anomalous clips there is no AUC; its threshold lacks nothing.
        return (normal.mapValues { $0.map(\.score) }, leftOut.filter { $0.clip != nil })
    }

    /// Of the clips that were held back when the model was trained.
    private func heldBackScores(_ file: ModelFile) throws -> [MachineName: [Double]] {
        let scores: [MachineName: [Double]] =
            switch file.kind {
            case EarModel.kind: try EarModel(file).heldBackScores
            case NetworkModel.kind: try NetworkModel(file).heldBackScores
            default: [:]
            }
        guard !scores.isEmpty else {
            throw CommandFailure("\(version) holds no scores of held-back clips; name normal clips with --dataset")
        }
        return scores
    }

    private func show(_ calibration: Calibration, of machine: MachineName) throws {
        let line = MachineLine(
            machine: machine.description, threshold: calibration.threshold,
            falseAlarmRate: calibration.falseAlarmRate, method: calibration.method.rawValue,
            clips: calibration.clipCount, falseAlarmsPerDay: calibration.falseAlarms(perDayOf: clipsPerDay))
        if output.json { return try Console.json(line) }
        Console.line(
            "\(line.machine)\tthreshold \(line.threshold.rounded(toPlaces: 3))\t\(line.clips) clips\t"
                + "\(line.falseAlarmsPerDay.rounded(toPlaces: 1)) false alarms per day of \(Int(clipsPerDay)) clips")
    }
}

extension Calibration.Method: ExpressibleByArgument {}
