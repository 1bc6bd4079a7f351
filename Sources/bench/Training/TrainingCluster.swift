import Foundation
import Nodes
import PostgreSQL

/// A cluster of real processes that trains: `auscult up` in a folder of its own, and the commands that find it.
final class TrainingCluster {
    let directory: String
    /// Where a file with a point's name kills the coordinator or worker that reaches it.
    let faults: String
    private let executable: String
    private let cluster: ClusterProcess
    private let database: Connection

    /// Starts a cluster and waits until it is ready; the folder is emptied first.
    init(in directory: String, executable: String, workers: Int) throws {
        (self.directory, self.executable, faults) = (directory, executable, "\(directory)/faults")
        if FileManager.default.fileExists(atPath: directory) { try FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(
            atPath: faults, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        cluster = try ClusterProcess(
            executable: executable, arguments: ["--data", "\(directory)/data", "--workers", "\(workers)"],
            environment: ["AUSCULT_FAULTS": faults, "OPENBLAS_NUM_THREADS": "1"])
        database = try Connection(cluster.address.databaseURL)
    }

    /// Stops everything in order.
    func stop() throws { try cluster.stop() }

    /// Runs a command that finds this cluster, to its successful end; returns its lines.
    @discardableResult
    func command(_ arguments: String...) throws -> [String] {
        let command = Process()
        command.executableURL = URL(filePath: executable)
        command.arguments = arguments
        command.environment = ProcessInfo.processInfo.environment.merging(["AUSCULT_DATA": "\(directory)/data"]) { $1 }
        let output = Pipe()
        command.standardOutput = output
        command.standardError = FileHandle.nullDevice
        try command.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        command.waitUntilExit()
        guard command.terminationStatus == 0 else {
            throw QueueBenchError(
                "auscult \(arguments.joined(separator: " ")) ended with \(command.terminationStatus)")
        }
        return text.split(separator: "\n").map(String.init)
    }

    /// Sets the number of workers and waits until there are as many.
    func scale(to workers: Int) throws {
        try command("scale", "\(workers)")
        try wait("\(workers) workers run") { try number("SELECT running FROM auscult.fleet_now") == workers }
    }

    /// Looks again and again until it is so.
    func wait(_ what: String, seconds: Double = 300, _ isSo: () throws -> Bool) throws {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while try !isSo() {
            guard Date() < deadline else { throw QueueBenchError("it never came true that \(what)") }
            usleep(50_000)
        }
    }

    func rows(_ sql: String) throws -> [Row] { Array(try database.execute(sql)) }

    func number(_ sql: String) throws -> Int { try rows(sql).first?.optionalInt64(0).map { Int($0) } ?? 0 }

    /// The processes of some services, by the kernel's book.
    func processes(of services: Set<String>) -> [(service: String, identifier: Int32)] {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap(Int32.init)) ?? []
        return numbers.sorted().compactMap { number in
            guard let status = try? String(contentsOfFile: "/proc/\(number)/status", encoding: .utf8),
                status.contains("PPid:\t\(cluster.processIdentifier)\n"),
                let command = try? Data(contentsOf: URL(filePath: "/proc/\(number)/cmdline")),
                let service = command.split(separator: 0).dropFirst().first.map({ String(decoding: $0, as: UTF8.self) }
                ),
                services.contains(service)
            else { return nil }
            return (service, number)
        }
    }
}
