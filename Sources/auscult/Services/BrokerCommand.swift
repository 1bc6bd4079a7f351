import ArgumentParser
import Glibc
import Ledger
import Logging
import Messaging
import Nodes
import Plant

struct BrokerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Runs the broker: it accepts clips, leases jobs to workers and stores results.",
        discussion: """
            Two of them on one database are a pair: they run the same command with an endpoint each, one leads, and the \
            other takes over when it is gone. Both must see the same --data directory: on one host by itself, on two \
            by a file system that both mount and that keeps its word after fsync; with --clip-store bytea none is shared. Peers are told both endpoints. Where \
            others can reach it, it needs keys, and lets in only those that were allowed ('auscult keys').

            Example: auscult broker --listen tcp://127.0.0.1:7300 --data /var/lib/auscult/broker
            """)

    @Option(help: "Where to listen: ipc://PATH or tcp://HOST:PORT.")
    var listen: String

    @Option(
        help: ArgumentHelp(
            "The file of the broker's CURVE keys.", discussion: "Otherwise AUSCULT_KEYS.", valueName: "file"))
    var keys: String?

    @Option(help: "Directory of the clips' bytes, the same for both brokers of a pair; created when it is missing.")
    var data: String

    @OptionGroup var clips: ClipStoreOptions

    @Option(help: "Shown in the database as holder of the epoch.")
    var name = "broker"

    @Option(
        help: ArgumentHelp(
            "Room on the disk that clips take at a time.",
            discussion: "Otherwise AUSCULT_SEGMENT_MEGABYTES, or 256.", valueName: "megabytes"))
    var segmentMegabytes = ProcessEnvironment["AUSCULT_SEGMENT_MEGABYTES"].flatMap { Int64($0) } ?? 256

    @Option(
        help: ArgumentHelp(
            "How much one site may push in a day; 0 for any amount.",
            discussion: "Otherwise AUSCULT_SITE_MEGABYTES_PER_DAY, or 0. Counted from the broker's start.",
            valueName: "megabytes"))
    var siteMegabytesPerDay = ProcessEnvironment["AUSCULT_SITE_MEGABYTES_PER_DAY"].flatMap { Int($0) } ?? 0

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
        if !(0...1_000_000_000).contains(siteMegabytesPerDay) {
            throw ValidationError("--site-megabytes-per-day takes 0 to 1000000000")
        }
        if !(1...4_096).contains(segmentMegabytes) { throw ValidationError("--segment-megabytes takes 1 to 4096") }
    }

    private struct Ready: Encodable {
        let event = "ready"
        let service = "broker"
        let endpoint: String
    }

    func run() throws {
        let stop = ServiceProcess.begin()
        let endpoint = try Endpoint(listen)
        let security = try security()
        guard endpoint.isLocal || security != .plain else {
            throw CommandFailure(
                "will not listen on \(endpoint) without keys: anybody who reaches it could push clips and take jobs. "
                    + "Give --keys FILE, made by 'auscult keys new FILE --role broker', or listen on loopback "
                    + "(tcp://127.0.0.1:PORT) or ipc://PATH", status: .usage)
        }
        let url = try database.url()
        var configuration = BrokerNode.Configuration(
            listen: endpoint, security: security, dataDirectory: data, payloadPlace: clips.clipStore, holder: name)
        configuration.segmentBytes = segmentMegabytes << 20
        if siteMegabytesPerDay > 0 { configuration.dailySiteBytes = siteMegabytesPerDay << 20 }
        let connect: @Sendable () throws -> PostgreSQLLedger = {
            let ledger = PostgreSQLLedger(url, applicationName: "auscult broker")
            try ledger.connect()
            return ledger
        }
        let broker = try BrokerNode.start(
            configuration,
            lock: PostgreSQLLeaderLock(url),
            ledger: connect,
            alarms: connect,
            logger: Logger(label: "auscult.broker")
        ) { error in
            // Going on could lose data: the supervisor starts another broker, which finds everything in the database.
            Console.note("the broker ends: \(error)")
            Glibc.exit(ExitStatus.failed.rawValue)
        }
        try Console.json(Ready(endpoint: broker.endpoint.description))
        _ = stop.wait()
        try broker.stop()
    }

    private func security() throws -> Security {
        do {
            return try KeyFile.find(argument: keys, role: .broker)?.brokerSecurity() ?? .plain
        } catch {
            throw CommandFailure(error.description, status: .usage)
        }
    }
}
