import ArgumentParser
import Datasets
import Detection
import Glibc
import Ledger
import Logging
import Messaging
import Nodes
import Plant
import Wire

/// `auscult enrol`: one machine joins the plant, or its normal clips change.
struct EnrolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enrol",
        abstract: "Has a new machine heard after a handful of normal clips.",
        discussion: """
            The clips are normal ones of this machine, five or more, in the order of their names as they were recorded. An \
            ear of this machine alone is fitted, with the machines that ears score now as its peers: those of its type, \
            and the rest of the plant. Their normal clips must score above its own (proxyAUC of 0.6 or more); then it \
            is promoted. No other machine is scored otherwise than before.

            A machine that has an ear already is fitted to what it knew and these clips; --replace forgets what it knew, \
            --remove takes these clips away from it.

            Example: auscult enrol fan/id_07 recordings/new-fan
            """)

    @Argument(help: "The machine, TYPE/ID.")
    var machine: String

    @Argument(help: "Its normal clips, or folders of them.")
    var paths: [FilePath]

    @Option(help: "The plant or line where it stands, for the record.")
    var site: String?

    @Flag(help: "Forget the normal clips that the machine is known by.")
    var replace = false

    @Flag(help: "These clips were taken for normal and are not.")
    var remove = false

    @Option(help: "Share of normal clips that the threshold may call anomalous.")
    var falseAlarmRate: Double?

    @Option(help: "The channel of recordings with several, from 0; channels are never averaged.")
    var channel = 0

    @OptionGroup var broker: BrokerOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    private struct Rejected: Encodable {
        let path: String
        let status = "rejected"
        let error: String
    }

    private struct Enrolled: Encodable {
        let machine: String
        let site: String?
        let clips: Int
        let modelVersion: String
        let threshold: Double?
        let proxyAUC: Double?
        let promoted: Bool
    }

    func validate() throws {
        guard MachineName(machine) != nil else {
            throw ValidationError("\"\(machine)\" is not a machine; write TYPE/ID, e.g. fan/id_00")
        }
        guard !(replace && remove) else { throw ValidationError("choose --replace or --remove, not both") }
        guard channel >= 0 else { throw ValidationError("channels are counted from 0") }
        do throws(RunSpecificationError) {
            _ = try RunSpecification(json: specification.json)
        } catch {
            throw ValidationError(error.description)
        }
    }

    private var specification: RunSpecification {
        var specification = RunSpecification(falseAlarmRate: falseAlarmRate)
        specification.enrols = MachineName(machine)
        specification.site = site
        specification.change = replace ? .replace : remove ? .remove : .add
        return specification
    }

    func run() throws {
        guard let name = MachineName(machine) else { return }
        let found = try ClipFiles(paths)
        try found.troubles.forEach { try reject($0.path.description, $0.description) }
        let kinds = Set(found.files.map(\.feature))
        guard let feature = kinds.first, kinds.count == 1 else {
            throw CommandFailure(
                "the clips must be all recordings, or all log-mels of one kind; enrol one kind of them")
        }
        try enrol(name, found.files, feature: feature)
    }

    private func enrol(_ name: MachineName, _ files: [ClipFile], feature: FeatureRecord?) throws {
        let ledger = try database.ledger()
        let clips = try bring(
            DatasetFolder(
                of: name, files: files.map { ($0.path, $0.origin.description, $0.format) }, feature: feature))
        guard !clips.isEmpty else { throw CommandFailure("no clip of \(name) can be used") }
        let dataset = try ledger.importDataset("enrol-\(name.type)-\(name.id)", feature: feature, clips: clips).name
        let run = try ledger.submit(
            RunRequest(kind: .train, model: EarModel.kind, dataset: dataset, specification: specification.json))
        let (record, _) = try RunFollower(ledger: ledger, json: false).follow(run)
        guard let version = record.modelVersion, let model = try ledger.model(version),
            let enrolment = EnrolmentRecord(metadata: model.metadata), let bytes = try ledger.modelFile(of: version)
        else { throw CommandFailure("run \(run) left no enrolment; look at it with 'auscult run show \(run)'") }
        let calibration = try ModelFile(decoding: bytes, name: version).calibration[name]
        try show(
            Enrolled(
                machine: machine, site: site, clips: enrolment.clips, modelVersion: version,
                threshold: calibration?.threshold, proxyAUC: enrolment.proxyAUC, promoted: enrolment.promoted))
    }

    /// To the cluster; returns the clips that can be used.
    private func bring(_ folder: DatasetFolder) throws -> [DatasetClip] {
        let link = try PeerLink.open(
            .init(
                identity: .init(role: .operator, name: "enrol-\(PeerIdentity.hostName)-\(getpid())"),
                endpoints: broker.endpoints(), security: broker.security(for: .operator),
                logger: Logger(label: "auscult.enrol"))
        ) { _ in }
        let outcomes = try DatasetImport(folder, channel: channel, link: link).run { _ in }
        try link.close(reason: "imported")
        var clips: [DatasetClip] = []
        for outcome in outcomes {
            switch outcome {
            case .stored(let clip): clips.append(clip)
            case .rejected(let path, let reason): try reject(path, reason)
            }
        }
        return clips
    }

    private func reject(_ path: String, _ reason: String) throws {
        if output.json { try Console.json(Rejected(path: path, error: reason)) } else { Console.note(reason) }
    }

    private func show(_ enrolled: Enrolled) throws {
        if output.json { return try Console.json(enrolled) }
        let threshold = enrolled.threshold.map { ", threshold \($0.rounded(toPlaces: 3))" } ?? ""
        let proxy = enrolled.proxyAUC.map { ", proxy AUC \($0.rounded(toPlaces: 3))" } ?? ", no peers to compare with"
        Console.line("\(machine): \(enrolled.modelVersion) of \(enrolled.clips) clips\(threshold)\(proxy)")
        if !enrolled.promoted {
            Console.note(
                "not promoted: its peers' clips do not score above its own. Check that the clips are of \(machine); "
                    + "'auscult model promote \(enrolled.modelVersion)' promotes it all the same")
        }
    }
}
