import ArgumentParser
import FoundationEssentials
import Ledger
import Plant

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Lists, evaluates, promotes and exports model versions.",
        discussion: "Example: auscult model evaluate density-1 --dataset plant",
        subcommands: [List.self, Show.self, EvaluateCommand.self, Promote.self, Rollback.self, Export.self])

    /// A model version as commands print it.
    private struct Line: Encodable {
        let modelVersion: String
        let kind: String
        let dataset: String?
        let machines: [String]
        let weightsHash: String
        let fileBytes: Int

        init(_ record: ModelRecord) {
            modelVersion = record.version
            kind = record.kind
            dataset = record.dataset
            machines = record.machines.map(\.description)
            weightsHash = record.weightsHash.description
            fileBytes = record.fileLength
        }

        func show(json: Bool) throws {
            if json { return try Console.json(self) }
            let names = machines.count > 4 ? "\(machines.count) machines" : machines.joined(separator: ", ")
            Console.line("\(modelVersion)\t\(dataset ?? "imported")\t\(names)\t\(weightsHash)")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every model version, newest first.")
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            for record in try database.ledger().models() { try Line(record).show(json: output.json) }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One model version.")
        @Argument(help: "The version, e.g. density-1.") var version: String
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            guard let record = try database.ledger().model(version) else { throw ModelCommand.unknown(version) }
            try Line(record).show(json: output.json)
        }
    }

    struct Promote: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a version the champion: it scores its machines' clips from now on.")
        @Argument(help: "The version, e.g. density-1.") var version: String
        @Option(help: "Only this machine, TYPE/ID; may be repeated.") var machine: [String] = []
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let machines = try ModelCommand.machines(machine)
            try ModelCommand.show(try database.ledger().promote(version, machines: machines), json: output.json)
        }
    }

    struct Rollback: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives machines back the champion they had before.")
        @Option(help: "Only this machine, TYPE/ID; may be repeated.") var machine: [String] = []
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let machines = try ModelCommand.machines(machine)
            try ModelCommand.show(try database.ledger().rollback(machines: machines), json: output.json)
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Writes a version as one self-contained file.")
        @Argument(help: "The version, e.g. density-1.") var version: String
        @Argument(help: "The file to write, FILE.safetensors.") var path: String
        @OptionGroup var database: DatabaseOptions

        func run() throws {
            guard let file = try database.ledger().modelFile(of: version) else { throw ModelCommand.unknown(version) }
            do {
                try Data(file).write(to: URL(filePath: path), options: .atomic)
            } catch {
                throw CommandFailure("cannot write \(path): \(error)")
            }
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
        if changes.isEmpty { Console.note("nothing changed: the machines have that champion already") }
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
