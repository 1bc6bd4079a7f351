import Foundation
import Nodes
import PostgreSQL
import Testing

/// A cluster of real processes under a directory of its own: `auscult up`, and what it says of itself.
final class Cluster {
    let directory: URL
    let endpoint: String
    let databaseURL: String
    /// Empty where the database is somebody else's.
    let analystURL: String
    private let process: Process

    /// Environment by which every other command finds this cluster.
    var environment: [String: String] { ["AUSCULT_DATA": directory.path] }

    /// Starts a cluster and waits until it says that it is ready.
    init(
        in directory: URL, workers: Int, options: [String] = [], environment: [String: String] = [:]
    ) throws {
        self.directory = directory
        process = Process()
        process.executableURL = Command.binary
        process.arguments = ["up", "--data", directory.path, "--workers", "\(workers)"] + options
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.tieToUs()
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let first = Self.firstLine(of: output.fileHandleForReading)
        let ready = try #require(
            try JSONSerialization.jsonObject(with: Data(first.utf8)) as? [String: Any], "up printed \"\(first)\"")
        #expect(ready["event"] as? String == "ready")
        #expect(ready["workers"] as? Int == workers)
        endpoint = try #require(ready["endpoint"] as? String)
        let shown = try #require(ready["databaseURL"] as? String)
        #expect(shown.split(separator: "@").first?.split(separator: ":").count == 2, "no password is shown")
        let address = try ClusterAddress.read(from: directory.path)
        databaseURL = address.databaseURL
        analystURL = address.analystURL ?? ""
    }

    /// Stops everything in order, as Ctrl-C would; returns the exit status.
    @discardableResult
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Asks again and again until the process ends, while it waits for its services; returns the signal that ended it.
    func stopAtOnce() -> Int32 {
        while process.isRunning {
            process.terminate()
            usleep(50_000)
        }
        return process.terminationReason == .uncaughtSignal ? process.terminationStatus : 0
    }

    /// A number the database knows.
    func count(_ sql: String) throws -> Int {
        let rows = try Connection(databaseURL).execute(sql)
        return try #require(rows.first).int(0)
    }

    /// A text the database knows.
    func text(_ sql: String) throws -> String {
        let rows = try Connection(databaseURL).execute(sql)
        return try #require(rows.first).text(0)
    }

    /// Texts the database knows.
    func texts(_ sql: String) throws -> [String] {
        try Connection(databaseURL).execute(sql).map { try $0.text(0) }
    }

    /// Waits until a question to the database has the answer true. It is asked again whenever the broker has written
    /// down what the workers do, which is every five seconds at least.
    func wait(_ question: String, seconds: Int = 30) throws {
        let connection = try Connection(databaseURL)
        try connection.listen("auscult_workers_changed")
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try connection.execute(question).first?.bool(0) != true {
            try #require(ContinuousClock.now < deadline, "it never became true: \(question)")
            _ = try connection.waitForNotification(milliseconds: 1000)
        }
    }

    /// One process of a service; where it has just died, the one that is started in its place.
    func process(of service: String) throws -> Int32 {
        let connection = try Connection(databaseURL)
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            if let process = try processes(of: service).first { return process }
            try #require(ContinuousClock.now < deadline, "no \(service) runs")
            _ = try connection.waitForNotification(milliseconds: 100)
        }
    }

    /// Processes of one service, by the kernel's book.
    func processes(of service: String) throws -> [Int32] {
        let (parent, data) = (process.processIdentifier, FileManager.default)
        return try data.contentsOfDirectory(atPath: "/proc").compactMap(Int32.init).filter { number in
            guard let status = try? String(contentsOfFile: "/proc/\(number)/status", encoding: .utf8),
                let command = try? Data(contentsOf: URL(filePath: "/proc/\(number)/cmdline"))
            else { return false }
            let arguments = command.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return status.contains("PPid:\t\(parent)\n") && arguments.dropFirst().first == service
        }
    }

    /// The broker that leads, by the database's book.
    func leader() throws -> (name: String, process: Int32) {
        let rows = try Connection(databaseURL).execute("select holder from auscult.broker_epoch")
        let name = try #require(rows.first).text(0)
        let process = try processes(of: "broker").first { number in
            let command = try Data(contentsOf: URL(filePath: "/proc/\(number)/cmdline")).split(separator: 0)
            return command.map { String(decoding: $0, as: UTF8.self) }.split(separator: "--name").last?.first == name
        }
        return (name, try #require(process, "no process of the broker \(name)"))
    }

    private static func firstLine(of handle: FileHandle) -> String {
        var bytes = Data()
        while let byte = try? handle.read(upToCount: 1), !byte.isEmpty, byte != Data("\n".utf8) { bytes += byte }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Gives a test a directory of its own and removes it afterwards.
func withTemporaryDirectory<Result>(_ body: (URL) throws -> Result) throws -> Result {
    // Below /tmp, where the account that runs the private database may pass.
    let directory = URL(filePath: "/tmp/auscult-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
        at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    defer { try? FileManager.default.removeItem(at: directory) }
    return try body(directory)
}
