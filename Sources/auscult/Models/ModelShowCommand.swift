import ArgumentParser
import Detection
import Ledger
import Plant
import Spectra

struct ModelShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One model version: what it hears, its settings and its thresholds.",
        discussion: "Example: auscult model show density-1")

    @Argument(help: "The version, e.g. density-1.") var version: String
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    private struct Threshold: Encodable {
        let machine: String
        let threshold: Double
        let falseAlarmRate: Double
        let method: String
        let clips: Int
    }

    private struct Detail: Encodable {
        let modelVersion: String
        let kind: String
        let dataset: String?
        let run: Int64?
        let machines: [String]
        let weightsHash: String
        let fileBytes: Int
        let settings: [String: String]
        let thresholds: [Threshold]
    }

    func run() throws {
        let ledger = try database.ledger()
        guard let record = try ledger.model(version), let bytes = try ledger.modelFile(of: version) else {
            throw ModelCommand.unknown(version)
        }
        let file = try ModelFile(decoding: bytes, name: version)
        let feature = file.feature
        let settings = file.settings.merging([
            "feature.sampleRateHz": "\(feature.sampleRateHz)", "feature.fftLength": "\(feature.fftLength)",
            "feature.hopLength": "\(feature.hopLength)", "feature.melBands": "\(feature.melBands)",
            "feature.padding": feature.padding.rawValue,
        ]) { $1 }
        let thresholds = file.machines.compactMap { machine in
            file.calibration[machine].map {
                Threshold(
                    machine: machine.description, threshold: $0.threshold, falseAlarmRate: $0.falseAlarmRate,
                    method: $0.method.rawValue, clips: $0.clipCount)
            }
        }
        if output.json {
            return try Console.json(
                Detail(
                    modelVersion: record.version, kind: record.kind, dataset: record.dataset, run: record.run,
                    machines: record.machines.map(\.description), weightsHash: record.weightsHash.description,
                    fileBytes: record.fileLength, settings: settings, thresholds: thresholds))
        }
        try ModelCommand.Line(record).show(json: false)
        for (key, value) in settings.sorted(by: { $0.key < $1.key }) { Console.line("  \(key) = \(value)") }
        for line in thresholds {
            Console.line(
                "  \(line.machine)\tthreshold \(line.threshold.rounded(toPlaces: 3))\t\(line.method), rate "
                    + "\(line.falseAlarmRate.rounded(toPlaces: 4)), \(line.clips) clips")
        }
    }
}
