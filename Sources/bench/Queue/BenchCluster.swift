import FoundationEssentials
import Glibc
import Ledger
import Messaging
import Nodes
import Plant
import PostgreSQL

/// A private database and a real broker process under one directory, with a model so that clips are accepted.
final class BenchCluster {
    private enum Event: Sendable {
        case line(String)
        case ended(Int32)
    }

    static let machine = MachineName("fan/id_00") ?? { preconditionFailure("fan/id_00 is a machine's name") }()

    let endpoint: Endpoint
    let databaseURL: String
    let analystURL: String
    private let server: PrivateServer
    private let broker: ChildProcess
    private let thread: NodeThread
    private let lifeline: Lifeline
    private let keysDirectory: String?

    /// - Parameters:
    ///   - executable: the `auscult` program.
    ///   - secure: protect connections by CURVE.
    init(in directory: String, executable: String, secure: Bool = false) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        server = try PrivateServer(directory: directory)
        try server.start()
        databaseURL = try server.databaseURL()
        analystURL = try server.analystURL()
        _ = try Migrator(Connection(databaseURL)).migrate()
        let ledger = PostgreSQLLedger(databaseURL)
        if try ledger.models().isEmpty {
            let feature = FeatureRecord(
                sampleRateHz: 16_000, fftLength: 2_048, hopLength: 512, melBands: 128, reflectPadding: false)
            let model = try ledger.addModel(
                ModelDraft(
                    kind: "density", file: [1, 2, 3], weightsHash: ContentHash(of: [1]), feature: feature, dataset: nil,
                    machines: [Self.machine]))
            _ = try ledger.promote(model.version, machines: nil)
        }
        var environment = ["AUSCULT_DATABASE": databaseURL]
        if secure {
            try ClusterKeys(inDataDirectory: directory).principals.forEach(ledger.allow)
            environment["AUSCULT_KEYS"] = KeyFile.path(of: .broker, inDataDirectory: directory)
        }
        keysDirectory = secure ? directory : nil
        lifeline = try Lifeline()
        let broker = try ChildProcess(
            executable: executable,
            arguments: ["broker", "--listen", "tcp://127.0.0.1:0", "--data", "\(directory)/broker"],
            environment: environment, lifeline: lifeline.readingEnd)
        let mailbox = try Mailbox<Event>()
        (thread, _) = try NodeThread.start("broker-process") {
            (
                (),
                {
                    let status = broker.run { mailbox.post(.line($0)) }
                    mailbox.post(.ended(status))
                }
            )
        }
        self.broker = broker
        endpoint = try Self.endpoint(mailbox)
    }

    /// How a peer of this role protects its connections.
    func security(_ role: Principal.Role) throws -> Security {
        guard let keysDirectory else { return .plain }
        return try KeyFile.read(KeyFile.path(of: role, inDataDirectory: keysDirectory)).peerSecurity()
    }

    /// Where the keys of a role are, of a secure cluster.
    func keyPath(_ role: Principal.Role) -> String {
        KeyFile.path(of: role, inDataDirectory: keysDirectory ?? "")
    }

    var brokerProcess: Int32 { broker.identifier }

    func stop() throws {
        broker.terminate()
        try thread.join()
        try server.stop()
    }

    private struct Ready: Decodable { let endpoint: String }

    private static func endpoint(_ mailbox: Mailbox<Event>) throws -> Endpoint {
        while true {
            for event in mailbox.waitAndDrain() {
                switch event {
                case .line(let line):
                    return try Endpoint(JSONDecoder().decode(Ready.self, from: Data(line.utf8)).endpoint)
                case .ended(let status): throw QueueBenchError("the broker did not start (exit status \(status))")
                }
            }
        }
    }
}

struct QueueBenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What a process takes of the machine.
struct ProcessUse {
    let residentMegabytes: Double
    /// The most it ever had.
    let peakMegabytes: Double
    let descriptors: Int

    init(_ process: Int32) throws {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        func megabytes(_ name: String) -> Double {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
            return Double(line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
        }
        residentMegabytes = megabytes("VmRSS:")
        peakMegabytes = megabytes("VmHWM:")
        descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count
    }
}
