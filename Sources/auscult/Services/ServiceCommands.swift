import ArgumentParser
import Glibc
import Ledger
import Messaging
import Nodes
import Plant

/// The JSON line by which a service says that it is ready.
struct ServiceReady: Encodable {
    let event = "ready"
    let service: String
    let name: String
}

struct WorkerServiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs one worker: it scores clips and computes shards of training.",
        discussion: """
            SIGTERM drains it, as 'auscult worker drain' does: it finishes what it has in hand and ends.

            Example: auscult worker --to ipc:///var/lib/auscult/broker.ipc --name worker-1
            """)

    @OptionGroup var broker: BrokerOptions

    @Option(help: "Unique in the cluster and the same after a restart.")
    var name: String

    @Option(help: "Jobs to have in hand, one computed and the others waiting.")
    var credits: UInt32 = 4

    @Option(
        help: ArgumentHelp(
            "Directory of decoded clips, shared by the workers of a host; made if missing.", valueName: "dir"))
    var cache: String?

    @Option(help: "How large that directory may grow, gigabytes.")
    var cacheGigabytes = 8.0

    @Option(
        help: ArgumentHelp(
            "Memory for activations that wait for their way back in a training step, gigabytes.",
            discussion: "Half of the host's memory shared by its cores unless given. Less makes training slower."))
    var activationGigabytes: Double?

    func validate() throws {
        if let activationGigabytes, !(0...1e6).contains(activationGigabytes) {
            throw ValidationError("--activation-gigabytes takes 0 to 1000000")
        }
        if !(0...1e6).contains(cacheGigabytes) { throw ValidationError("--cache-gigabytes takes 0 to 1000000") }
        if !(1...64).contains(credits) { throw ValidationError("--credits takes 1 to 64") }
    }

    func run() throws {
        let stop = ServiceProcess.begin()
        let name = name
        let ready = Once { try Console.json(ServiceReady(service: "worker", name: name)) }
        let drain = Once { kill(getpid(), SIGTERM) }
        let node = try WorkerNode(
            .init(
                endpoints: broker.endpoints(), security: broker.security(for: .worker), name: name,
                credits: credits, featureDirectory: cache, featureBytes: Int64(cacheGigabytes * 0x1p30),
                activationBytes: activationGigabytes.map { Int($0 * 0x1p30) }),
            welcomed: { ready.call() }, drainOrdered: { drain.call() },
            hung: { reason in
                // A thread cannot be ended; the supervisor starts another process.
                Console.note("the worker ends: \(reason)")
                Glibc.exit(ExitStatus.failed.rawValue)
            })
        _ = stop.wait()
        try node.finish()
    }
}

struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract: "Runs the coordinator: it works on trainings and evaluations.",
        discussion: """
            A second one takes over from the first.

            Example: auscult coordinator --to ipc:///var/lib/auscult/broker.ipc
            """)

    @OptionGroup var broker: BrokerOptions
    @OptionGroup var database: DatabaseOptions

    @Option(help: "Shown in the database as holder of the fence.")
    var name = "coordinator"

    @Option(
        help: "Directory of the journal that spares a restarted coordinator computing steps again; made if missing.")
    var data: String?

    func run() throws {
        let stop = ServiceProcess.begin()
        let name = name
        let ready = Once { try Console.json(ServiceReady(service: "coordinator", name: name)) }
        let node = try CoordinatorNode(
            .init(
                endpoints: broker.endpoints(), security: broker.security(for: .coordinator),
                databaseURL: database.url(), name: name, dataDirectory: data),
            welcomed: { ready.call() })
        _ = stop.wait()
        try node.stop()
    }
}
