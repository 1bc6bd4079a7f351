import ArgumentParser
import Files
import FoundationEssentials
import Glibc
import Ledger
import Messaging
import Nodes
import PostgreSQL

struct UpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Runs a whole cluster on this host, in the foreground.",
        discussion: """
            Starts a private PostgreSQL (unless --database names one), the broker, the coordinator and the workers, and
            restarts what dies. Prints one JSON line when everything is ready; SIGTERM or Ctrl-C stops all of it, workers \
            first, when what they have in hand is done. A second SIGTERM or Ctrl-C ends this process at once: the services \
            notice and stop by themselves; a private PostgreSQL goes on until the next 'up' on the directory takes it over.

            Example: auscult up --data plant --workers 2
            """)

    @Option(help: "Directory of clips, database and addresses; created when it is missing.")
    var data = Setting.data.value ?? "auscult-data"

    @Option(
        help: ArgumentHelp(
            "Worker processes.",
            discussion: "Otherwise as many as 'auscult scale' asked for last, or one per core; it changes them later."))
    var workers: Int?

    @Option(help: "Where the broker listens: ipc://PATH or tcp://HOST:PORT.")
    var listen: String?

    @Flag(help: "Encrypt every connection and let only allowed keys in; always so where other hosts can connect.")
    var secure = false

    @Flag(
        help: ArgumentHelp(
            "Run a second broker that takes over when the first is gone.",
            discussion: "It listens beside the first: at its path with -standby, or at the next port."))
    var standby = false

    @Option(help: "An existing PostgreSQL server, instead of a private one.")
    var database: String?

    @OptionGroup var clips: ClipStoreOptions

    mutating func validate() throws {
        (listen, database) = (listen ?? Setting.listen.value, database ?? Setting.database.value)
        if workers == nil, let text = Setting.workers.value {
            workers = Int(text)
            if workers == nil { throw ValidationError("\(Setting.workers.origin): '\(text)' is no number of workers") }
        }
        if let workers, !(0...4096).contains(workers) { throw ValidationError("--workers takes 0 to 4096") }
    }

    private struct Ready: Encodable {
        let event = "ready"
        let endpoint: String
        let endpoints: [String]
        let databaseURL: String
        let analystURL: String?
        /// Has the URLs with their passwords, for its owner alone.
        let addressFile: String
        let http: String?
        let workers: Int

        /// `http` is there as null while there is no dashboard, so that readers need not ask whether it exists.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(event, forKey: .event)
            try container.encode(endpoint, forKey: .endpoint)
            try container.encode(endpoints, forKey: .endpoints)
            try container.encode(databaseURL, forKey: .databaseURL)
            try container.encode(analystURL, forKey: .analystURL)
            try container.encode(addressFile, forKey: .addressFile)
            try container.encode(http, forKey: .http)
            try container.encode(workers, forKey: .workers)
        }

        private enum Key: CodingKey {
            case event, endpoint, endpoints, databaseURL, analystURL, addressFile, http, workers
        }
    }

    func run() throws {
        let stop = ServiceProcess.begin()
        let folder = try makeFolder()
        let directory = folder.path
        let lock = try Self.lock(folder)
        defer { withExtendedLifetime(lock) {} }
        let server = database == nil ? try PrivateServer(directory: directory) : nil
        try server?.start()
        defer { stopServer(server) }

        let url = try database ?? server?.databaseURL() ?? ""
        DatabaseTarget.warn(ofExposed: url)
        _ = try Migrator(url).migrate()
        try PostgreSQLLedger(url).join(
            cluster: ClusterIdentity.read(orMakeIn: directory), at: ClusterIdentity.place(of: directory))
        let endpoints = try endpoints(in: directory)
        let keys = secure || endpoints.contains { !$0.isLocal } ? try ClusterKeys(inDataDirectory: directory) : nil
        try keys?.principals.forEach(PostgreSQLLedger(url).allow)
        var address = ClusterAddress(
            endpoints: endpoints.map(\.description), databaseURL: url, analystURL: try server?.analystURL(),
            brokerKey: keys?.broker.text)
        address.operatorURL = try server?.operatorURL()
        try address.write(to: folder)
        let wish = try wish(PostgreSQLLedger(url))
        let workers = wish?.workers ?? sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let supervisor = try Supervisor(
            .init(
                executable: try Self.executable(), dataDirectory: directory, endpoints: address.endpoints,
                databaseURL: url, database: server.map { PrivateServerPlace(directory: directory, port: $0.port) },
                isSecure: keys != nil, payloadPlace: clips.clipStore, workers: workers))
        let fleet = try FleetWatch(databaseURL: url, known: wish) { [mailbox = supervisor.mailbox] in
            mailbox.post(.scale($0))
        }
        defer { stopWatch(fleet) }
        try supervisor.run(until: stop) { [address] in
            try Console.json(
                Ready(
                    endpoint: address.endpoints[0], endpoints: address.endpoints,
                    databaseURL: ClusterAddress.concealing(url),
                    analystURL: address.analystURL.map(ClusterAddress.concealing),
                    addressFile: "\(directory)/\(ClusterAddress.fileName)", http: nil,
                    workers: workers))
        }
    }

    /// Of the broker, and of the standby beside it.
    private func endpoints(in directory: String) throws -> [Endpoint] {
        let first = try listen.map { try Endpoint($0) } ?? SocketPlace.endpoint(inDataDirectory: directory)
        guard standby else { return [first] }
        switch first {
        case .ipc(let path): return [first, try Endpoint("ipc://\(path)-standby")]
        case .tcp(let host, let port):
            guard port > 0, port < .max else {
                throw ValidationError("--standby listens at the next port, so --listen needs a port from 1 to 65534")
            }
            return [first, .tcp(host: host, port: port + 1)]
        }
    }

    /// A private database server that root starts works as another user, who passes through to his own folder.
    private func makeFolder() throws -> Folder {
        let isPassable = database == nil && geteuid() == 0
        _ = try Folder(data, isPassable: isPassable)
        guard let path = realpath(data, nil) else {
            throw CommandFailure("cannot use the data directory \(data): \(String(cString: strerror(errno)))")
        }
        defer { free(path) }
        return try Folder(String(cString: path), isPassable: isPassable)
    }

    /// Makes sure that this directory is ours alone for as long as this process lives: whoever ends a cluster also stops
    /// the database in its directory.
    private static func lock(_ folder: Folder) throws -> OpenFile {
        let file = try folder.open("up.lock", .append)
        guard try file.lock() else {
            throw CommandFailure(
                "another 'auscult up' runs in \(folder.path): stop it, or give this one another --data DIR")
        }
        return file
    }

    /// The number of workers somebody asked for: now, by argument, or before, by 'auscult scale'.
    private func wish(_ ledger: PostgreSQLLedger) throws -> FleetWish? {
        if let workers { try ledger.scale(to: workers) }
        return try ledger.fleetWish()
    }

    private func stopWatch(_ fleet: FleetWatch) {
        do {
            try fleet.stop()
        } catch {
            Console.note("the watch over the number of workers did not stop: \(error)")
        }
    }

    private func stopServer(_ server: PrivateServer?) {
        do {
            try server?.stop()
        } catch {
            Console.note("the private database did not stop: \(error)")
        }
    }

    /// The path of this program.
    static func executable() throws -> String {
        guard let path = realpath("/proc/self/exe", nil) else {
            throw CommandFailure("cannot find this program's own file: \(String(cString: strerror(errno)))")
        }
        defer { free(path) }
        return String(cString: path)
    }
}
