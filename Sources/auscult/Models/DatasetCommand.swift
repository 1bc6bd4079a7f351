import ArgumentParser
import Datasets
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
                The layout is TYPE/{train,test}/{normal|anomaly}_id_XX_NUMBER.{wav,flac,npy}. Clips in .npy files are \
                log-mels; dataset.json says how they were computed. Importing again adds what is new.

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
            let clips: Int
            let added: Int
            let rejected: Int
        }

        func run() throws {
            let source = try DatasetFolder(folder)
            let ledger = try database.ledger()
            try ledger.createDataset(name, feature: source.feature)
            let link = try PeerLink.open(
                .init(
                    identity: .init(role: .operator, name: "import-\(PeerIdentity.hostName)-\(name)"),
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
            let additions = try ledger.addClips(clips, to: name)
            for (clip, addition) in zip(clips, additions) where addition == .conflict {
                reasons.append(
                    (clip.path, "\(clip.path): the dataset has this path with other bytes; import under another name"))
            }
            try report(reasons, clips: clips.count, added: additions.count { $0 == .added })
        }

        private func report(_ reasons: [(path: String, reason: String)], clips: Int, added: Int) throws {
            for (path, reason) in reasons {
                if output.json { try Console.json(Rejected(path: path, error: reason)) } else { Console.note(reason) }
            }
            if output.json {
                try Console.json(Imported(dataset: name, clips: clips, added: added, rejected: reasons.count))
            } else {
                Console.line("\(name): \(clips) clips, \(added) of them new, \(reasons.count) rejected")
            }
            if !reasons.isEmpty { throw ExitCode(ExitStatus.failed.rawValue) }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every dataset.")
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        private struct Line: Encodable {
            let dataset: String
            let machines: Int
            let clips: Int
        }

        func run() throws {
            for dataset in try database.ledger().datasets() {
                let line = Line(dataset: dataset.name, machines: dataset.machines.count, clips: dataset.clips)
                if output.json {
                    try Console.json(line)
                } else {
                    Console.line("\(line.dataset)\t\(line.machines) machines\t\(line.clips) clips")
                }
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The machines of one dataset.")
        @Argument(help: "The dataset's name.") var name: String
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        private struct Line: Encodable {
            let machine: String
            let train: Int
            let testNormal: Int
            let testAnomalous: Int
        }

        func run() throws {
            guard let dataset = try database.ledger().dataset(name) else {
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
