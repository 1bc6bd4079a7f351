import ArgumentParser
import Datasets
import Glibc
import Messaging
import Nodes
import Plant
import Wire

struct GatewayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Runs a store-and-forward gateway: files of a folder become clips on the queue.",
        discussion: """
            Finished .wav, .flac and .npy files (unchanged for a while, and written by nobody) are taken out of the folder \
            into the outbox and pushed, oldest first. They are safe there while the broker is away; a clip leaves the \
            outbox when the broker has accepted it. What is refused lies in OUTBOX/rejected with the reason beside it. \
            Prints one JSON line per clip. SIGTERM stops it; it can be killed at any moment.

            Example: auscult gateway --watch recordings --outbox outbox --machine fan/id_00 --site line-3
            """)

    @Option(help: "The folder in which recorders leave files.")
    var watch: String

    @Option(help: "The folder that keeps clips until they are accepted; created when it is missing, for us alone.")
    var outbox: String

    @Option(help: "TYPE/ID; or TYPE where the file names say the ID, as in normal_id_00_00000012.wav.")
    var machine: String

    @Option(help: "The plant or line the clips come from.")
    var site = Setting.site.value ?? "default"

    @Option(help: "The channel of recordings with several, from 0; channels are never averaged.")
    var channel = 0

    @Option(help: "Milliseconds for which a file must not have changed before it is taken.")
    var settleMilliseconds: Int64 = 2_000

    @Option(help: "Shown by the broker; otherwise made of the host's name and the folder's.")
    var name: String?

    @OptionGroup var broker: BrokerOptions

    func validate() throws {
        if let flaw = ClipPreparation.flaw(ofMachine: machine) { throw ValidationError(flaw) }
        if channel < 0 { throw ValidationError("--channel counts from 0") }
        if settleMilliseconds < 0 { throw ValidationError("--settle-milliseconds counts from 0") }
    }

    private struct Line: Encodable {
        let path: String
        var key: String?
        var job: Int64?
        let status: String
        var error: String?

        init(_ report: GatewayNode.Report) {
            (path, key) = (report.source.text, report.key)
            switch report.ending {
            case .accepted(let acceptance):
                job = acceptance.job
                status = acceptance.duplicate ? "duplicate" : "accepted"
            case .rejected(let rejection):
                status = "rejected"
                error = rejection.description
            }
        }
    }

    func run() throws {
        let stop = ServiceProcess.begin()
        let name = name ?? "gateway-\(PeerIdentity.hostName)-\(watch.split(separator: "/").last ?? "")"
        let node = try GatewayNode(
            .init(
                name: name, endpoints: broker.endpoints(), security: broker.security(for: .gateway),
                watched: watch, outbox: outbox,
                preparation: ClipPreparation(machine: machine, site: site, channel: channel),
                settleMilliseconds: settleMilliseconds),
            report: { report in
                do { try Console.json(Line(report)) } catch { Console.note("\(report.source): \(error)") }
            },
            trouble: { sentence, isFatal in
                Console.note(sentence)
                if isFatal { Glibc.exit(ExitStatus.failed.rawValue) }
            })
        try Console.json(ServiceReady(service: "gateway", name: name))
        _ = stop.wait()
        try node.stop()
    }
}
