internal import FoundationEssentials
internal import Glibc
internal import Nodes
internal import PostgreSQL

/// A cluster of real processes with a standby, and the means to hurt each of them.
final class ChaosCluster {
    let data: String
    let databaseURL: String
    private let cluster: ClusterProcess
    private let disk: SmallDisk?

    /// - Parameters:
    ///   - data: an empty directory.
    ///   - diskMegabytes: of a disk of their own that the clips get, where that can be had; nil: none.
    ///   - database: URL of a server of somebody else's; nil: a private one.
    init(executable: String, data: String, workers: Int, diskMegabytes: Int?, database: String? = nil) throws {
        self.data = data
        let clips = "\(data)/broker"
        try FileManager.default.createDirectory(
            atPath: clips, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        disk = try diskMegabytes.flatMap { try SmallDisk(at: clips, megabytes: $0) }
        cluster = try ClusterProcess(
            executable: executable,
            arguments: ["--data", data, "--workers", "\(workers)", "--standby"]
                + (database.map { ["--database", $0] } ?? []),
            // Small, so that a full disk is met soon.
            environment: ["AUSCULT_SEGMENT_MEGABYTES": "16"])
        databaseURL = cluster.address.databaseURL
    }

    var endpoints: [String] { cluster.address.endpoints }
    var canFillDisk: Bool { disk != nil }

    func fillDisk() { disk?.fill() }
    func clearDisk() { disk?.clear() }

    /// The workers' processes, in order of their names.
    func workers() throws -> [Int32] {
        try children().filter { $0.arguments.dropFirst().first == "worker" }
            .sorted { ($0.name ?? "") < ($1.name ?? "") }.map(\.number)
    }

    /// The process of the broker that leads, or of the one that stands by.
    func broker(leading: Bool) throws -> Int32? {
        let leader = try connect().execute("SELECT holder FROM auscult.broker_epoch").first?.text(0)
        return try children().first {
            $0.arguments.dropFirst().first == "broker" && ($0.name == leader) == leading
        }?.number
    }

    /// Ends the database server as a crash would; starts it again where nobody else does within a few seconds.
    func crashDatabase() throws {
        let server = try PrivateServer(directory: data)
        guard let process = server.processIdentifier else { return }
        kill(process, SIGQUIT)
        for _ in 0..<100 where server.processIdentifier == process { poll(nil, 0, 50) }
        for _ in 0..<60 where server.processIdentifier == nil { poll(nil, 0, 50) }
        if server.processIdentifier == nil { try server.start() }
    }

    /// A connection to the database, which may be recovering from a crash.
    func connect() throws -> Connection {
        let deadline = SteadyClock.milliseconds + 30_000
        while SteadyClock.milliseconds < deadline {
            if let connection = try? Connection(databaseURL) { return connection }
            poll(nil, 0, 100)
        }
        return try Connection(databaseURL)
    }

    func stop() throws {
        try cluster.stop()
        try disk?.remove()
    }

    private struct Child {
        let number: Int32
        let arguments: [String]

        /// What follows `--name`.
        var name: String? {
            arguments.firstIndex(of: "--name").flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
        }
    }

    /// The cluster's processes, by the kernel's book; one that ends meanwhile is not among them.
    private func children() throws -> [Child] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap(Int32.init).compactMap { number in
            guard let status = try? String(contentsOfFile: "/proc/\(number)/status", encoding: .utf8),
                status.contains("PPid:\t\(cluster.processIdentifier)\n"),
                let command = try? Data(contentsOf: URL(filePath: "/proc/\(number)/cmdline"))
            else { return nil }
            return Child(
                number: number, arguments: command.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
        }
    }
}
