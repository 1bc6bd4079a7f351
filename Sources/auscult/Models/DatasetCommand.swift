import ArgumentParser
import Datasets
import Glibc
import Ledger
import Logging
import Messaging
import Nodes
import Plant
import Wire

struct DatasetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset", abstract: "Imports, lists and shows datasets.",
        discussion: "Example: auscult dataset import plant recordings/",
        subcommands: [Import.self, List.self, Show.self])

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Brings a folder of clips into the cluster.",
            discussion: """
                The layout is that of the DCASE challenges, TYPE/{train,test}/{normal|anomaly}_id_XX_NUMBER.{wav,flac,npy} \
                or section_XX_source_train_normal_NUMBER_ATTRIBUTES, or that of MIMII, TYPE/id_XX/{normal,abnormal}. \
                Clips in .npy files are log-mels; dataset.json says how they were computed.

                The dataset is what the folder holds. Importing a folder that has changed makes the dataset's next \
                version; NAME@VERSION is an earlier one, which the models made of it keep.

                Example: auscult dataset import plant recordings/
                """)

        @Argument(help: "The dataset's name.") var name: String
        @Argument(help: "The folder.") var folder: String
        @Option(help: "The channel of recordings with several, from 0; channels are never averaged.") var channel = 0
        @OptionGroup var broker: BrokerOptions
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        private struct Rejected: Encodable {
            let path: String
            let status = "rejected"
            let error: String
        }

        private struct Imported: Encodable {
            let event = "imported"
            let dataset: String
            let version: Int
            let clips: Int
            let added: Int
            let changed: Int
            let removed: Int
            let rejected: Int
        }

        func validate() throws {
            if MachineName(type: "dataset", id: name) == nil {
                throw ValidationError("\"\(name)\" is not a dataset's name: write letters, digits, '-', '_' and '.'")
            }
            if channel < 0 { throw ValidationError("--channel counts from 0") }
        }

        func run() throws {
            let source = try DatasetFolder(folder)
            let ledger = try database.ledger()
            let link = try PeerLink.open(
                .init(
                    identity: .init(role: .operator, name: "import-\(PeerIdentity.hostName)-\(getpid())"),
                    endpoints: broker.endpoints(), security: broker.security(for: .operator),
                    logger: Logger(label: "auscult.import"))
            ) { _ in }
            let (json, total) = (output.json, source.entries.count)
            let outcomes = try DatasetImport(source, channel: channel, link: link).run { done in
                if !json, done % 100 == 0 || done == total { Console.note("\(done) of \(total) clips") }
            }
            try link.close(reason: "imported")

            var clips: [DatasetClip] = []
            var reasons = source.rejected.map { (path: $0.path, reason: $0.description) }
            for outcome in outcomes {
                switch outcome {
                case .stored(let clip): clips.append(clip)
                case .rejected(let path, let reason): reasons.append((path, reason))
                }
            }
            let judged = ContradictedClips(among: clips)
            reasons += judged.refused.map { ($0.path, $0.description) }
            guard !judged.usable.isEmpty else {
                try show(reasons)
                throw CommandFailure("\(folder): no clip of it can be used, so the dataset stays as it was")
            }
            let revision = try ledger.importDataset(name, feature: source.feature, clips: judged.usable)
            try show(reasons)
            try show(revision, clips: judged.usable.count, rejected: reasons.count)
        }

        private func show(_ reasons: [(path: String, reason: String)]) throws {
            for (path, reason) in reasons {
                if output.json { try Console.json(Rejected(path: path, error: reason)) } else { Console.note(reason) }
            }
        }

        private func show(_ revision: DatasetRevision, clips: Int, rejected: Int) throws {
            if output.json {
                try Console.json(
                    Imported(
                        dataset: name, version: revision.version, clips: clips, added: revision.added,
                        changed: revision.changed, removed: revision.removed, rejected: rejected))
            } else {
                Console.line(
                    "\(name), version \(revision.version): \(clips) clips; \(revision.added) added, "
                        + "\(revision.changed) changed, \(revision.removed) removed, \(rejected) rejected")
            }
            if rejected > 0 { throw ExitCode(ExitStatus.failed.rawValue) }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every dataset.")
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        private struct Line: Encodable {
            let dataset: String
            let version: Int
            let machines: Int
            let clips: Int
        }

        func run() throws {
            for dataset in try database.ledger().datasets() {
                let line = Line(
                    dataset: dataset.base, version: dataset.version, machines: dataset.machines.count,
                    clips: dataset.clips)
                if output.json {
                    try Console.json(line)
                } else {
                    Console.line(
                        "\(line.dataset)\tversion \(line.version)\t\(line.machines) machines\t\(line.clips) clips")
                }
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The machines of one dataset.")
        @Argument(help: "The dataset's name, or NAME@VERSION.") var name: String
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        private struct Line: Encodable {
            let machine: String
            let train: Int
            let testNormal: Int
            let testAnomalous: Int
        }

        func run() throws {
            guard let dataset = try database.ledger().dataset(called: name) else {
                throw CommandFailure("there is no dataset \(name); 'auscult dataset list' shows those there are")
            }
            for machine in dataset.machines {
                let line = Line(
                    machine: machine.name.description, train: machine.train, testNormal: machine.testNormal,
                    testAnomalous: machine.testAnomalous)
                if output.json {
                    try Console.json(line)
                } else {
                    Console.line(
                        "\(line.machine)\t\(line.train) train\t\(line.testNormal) normal and "
                            + "\(line.testAnomalous) anomalous for testing")
                }
            }
        }
    }
}
