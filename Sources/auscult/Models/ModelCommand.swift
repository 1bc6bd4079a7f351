import ArgumentParser
import FoundationEssentials
import Ledger
import Plant

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Lists, evaluates, calibrates, promotes and exports model versions.",
        discussion: "Example: auscult model evaluate density-1 --dataset plant",
        subcommands: [
            List.self, ModelShowCommand.self, EvaluateCommand.self, CalibrateCommand.self, CompareCommand.self,
            Promote.self, Rollback.self, Export.self, ModelImportCommand.self,
        ])

    /// A model version as commands print it.
    struct Line: Encodable {
        let modelVersion: String
        let kind: String
        let dataset: String?
        let machines: [String]
        let weightsHash: String
        let fileBytes: Int
        /// What is known of where it comes from, e.g. `sameWeightsAs`.
        let origin: [String: String]

        init(_ record: ModelRecord) {
            modelVersion = record.version
            kind = record.kind
            dataset = record.dataset
            machines = record.machines.map(\.description)
            weightsHash = record.weightsHash.description
            fileBytes = record.fileLength
            let metadata = try? JSONDecoder().decode([String: String].self, from: Data(record.metadata.utf8))
            origin = metadata ?? [:]
        }

        func show(json: Bool) throws {
            if json { return try Console.json(self) }
            let names = machines.count > 4 ? "\(machines.count) machines" : machines.joined(separator: ", ")
            let origin = origin.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            Console.line("\(modelVersion)\t\(dataset ?? "imported")\t\(names)\t\(weightsHash)\t\(origin)")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every model version, newest first.", discussion: "Example: auscult model list --json")
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            for record in try database.ledger().models() { try Line(record).show(json: output.json) }
        }
    }

    struct Promote: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a version the champion: it scores its machines' clips from now on.",
            discussion: "Example: auscult model promote density-1 --machine fan/id_00")
        @Argument(help: "The version, e.g. density-1.") var version: String
        @Option(help: "Only this machine, TYPE/ID; may be repeated.") var machine: [String] = []
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let machines = try ModelCommand.machines(machine)
            let changes = try database.ledger().promote(version, machines: machines)
            try ModelCommand.show(changes, json: output.json)
            if changes.isEmpty { Console.note("nothing changed: the machines have that champion already") }
        }
    }

    struct Rollback: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives machines back the champion they had before.",
            discussion: "Example: auscult model rollback --machine fan/id_00")
        @Option(help: "Only this machine, TYPE/ID; may be repeated.") var machine: [String] = []
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let machines = try ModelCommand.machines(machine)
            let changes = try database.ledger().rollback(machines: machines)
            try ModelCommand.show(changes, json: output.json)
            if changes.isEmpty { Console.note("nothing changed: there is no champion to take back") }
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a version as one self-contained file.",
            discussion: "Example: auscult model export density-1 density.safetensors")
        @Argument(help: "The version, e.g. density-1.") var version: String
        @Argument(help: "The file to write, FILE.safetensors.") var path: String
        @OptionGroup var database: DatabaseOptions

        func run() throws {
            guard let file = try database.ledger().modelFile(of: version) else { throw ModelCommand.unknown(version) }
            try OutputFile(path).write(file)
            Console.note("wrote \(version) to \(path), \(file.count) bytes")
        }
    }

    private struct Change: Encodable {
        let machine: String
        let before: String?
        let now: String?
    }

    private static func show(_ changes: [ChampionChange], json: Bool) throws {
        for change in changes {
            if json {
                try Console.json(
                    Change(machine: change.machine.description, before: change.before, now: change.now))
            } else {
                Console.line("\(change.machine)\t\(change.before ?? "none") -> \(change.now ?? "none")")
            }
        }
    }

    private static func machines(_ names: [String]) throws -> [MachineName]? {
        let machines = try names.map { name in
            guard let machine = MachineName(name) else {
                throw ValidationError("\"\(name)\" is not a machine; write TYPE/ID, e.g. fan/id_00")
            }
            return machine
        }
        return machines.isEmpty ? nil : machines
    }

    static func unknown(_ version: String) -> CommandFailure {
        CommandFailure("there is no model version \(version); 'auscult model list' shows those there are")
    }
}
