import ArgumentParser
import Detection
import FoundationEssentials
import Ledger
import Plant

struct ModelImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Stores a model file as a version.",
        discussion: """
            FILE is one that 'auscult model export' wrote, or a published OS-SCL checkpoint converted to safetensors: \
            parts that never take part in a score are skipped, missing or wrongly shaped tensors are named. A \
            checkpoint hears as the published code does, and its classes are the 41 published machines unless \
            --machines names others.

            Example: auscult model import weights.safetensors --name published
            """)

    @Argument(help: "The file, FILE.safetensors.")
    var path: String

    @Option(help: "What the version is to be called; kind and number otherwise, e.g. os-scl-1.")
    var name: String?

    @OptionGroup var settings: NetworkSettings
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard let name else { return }
        guard MachineName(type: "model", id: name) != nil else {
            throw ValidationError("\"\(name)\" is not a version's name: write letters, digits, '-', '_' and '.'")
        }
        for kind in ModelFile.kinds.map({ $0.kind }) where name.hasPrefix("\(kind)-") {
            guard Int(name.dropFirst(kind.count + 1)) == nil else {
                throw ValidationError("names such as \(name) are given by the database; choose another or none")
            }
        }
    }

    private struct Origin: Encodable {
        let importedFrom: String
    }

    func run() throws {
        let file = try settings.modelFile(at: path)
        let model = try file.model()
        let record = try database.ledger().addModel(
            ModelDraft(
                kind: file.kind, file: file.encoded(), weightsHash: model.weightsHash, feature: file.feature.record,
                dataset: nil, machines: file.machines,
                metadata: Console.jsonText(Origin(importedFrom: URL(filePath: path).lastPathComponent)),
                version: name))
        if let name, record.version != name {
            Console.note("\(path) is stored already, as \(record.version)")
        }
        try ModelCommand.Line(record).show(json: output.json)
    }
}

/// What may be chosen anew of a network's model, whoever trained it.
struct NetworkSettings: ParsableArguments {
    @Option(help: "The class table of a published checkpoint: TYPE/ID, in the order of its classes, with commas.")
    var machines: String?

    @Option(help: "Of a network: its score, log-odds, oscl, cosine, knn or hybrid.")
    var score: ScoreRule?

    @Option(help: "Of a network: frames between the windows of a long clip; 0 for its first window alone.")
    var windowHop: Int?

    @Option(help: "Of a network: a machine type of which machines without a class are scored too; may be repeated.")
    var open: [String] = []

    @Option(help: "What to leave out at the beginning of every tensor's name, e.g. module.")
    var stripPrefix: String?

    func validate() throws {
        if let windowHop, windowHop < 0 { throw ValidationError("windows cannot go backwards") }
        if let stranger = open.first(where: { MachineName(type: $0, id: "id_00") == nil }) {
            throw ValidationError("\"\(stranger)\" is not a machine type; write it as in TYPE/ID")
        }
        _ = try machineTable()
    }

    func machineTable() throws -> [MachineName]? {
        try machines?.split(separator: ",").map { name in
            guard let machine = MachineName(String(name)) else {
                throw ValidationError("\"\(name)\" is not a machine; write TYPE/ID, e.g. fan/id_00")
            }
            return machine
        }
    }

    /// The model in a file, with these settings.
    func modelFile(at path: String) throws -> ModelFile {
        let file = try ModelFile(
            reading: try InputFile.bytes(of: path), name: path, machines: try machineTable(),
            strippingPrefix: stripPrefix)
        return try apply(to: file, path: path)
    }

    /// The file with these settings. Throws where they are not of its kind.
    private func apply(to file: ModelFile, path: String) throws -> ModelFile {
        guard score != nil || windowHop != nil || !open.isEmpty else { return file }
        guard file.kind == NetworkModel.kind else {
            throw CommandFailure("\(path) is a model of the kind \(file.kind); these settings are of networks")
        }
        var model = try NetworkModel(file)
        if let score { model = try model.scoring(by: score) }
        model.openTypes.formUnion(open)
        if let windowHop, windowHop != model.windowHop {
            model.windowHop = windowHop
            // The worst of other windows is another score.
            model.calibration = [:]
        }
        return model.file
    }
}

extension ScoreRule: ExpressibleByArgument {}
