internal import FoundationEssentials
internal import Glibc
internal import Nodes
internal import PostgreSQL

/// How long a plant waits for a broker when the one that leads dies or stands still, under a steady load.
package struct FailOverRun {
    /// Path of the `auscult` program.
    private let executable: String
    /// An empty directory; it is emptied afterwards.
    private let directory: String
    /// Of each kind.
    private let trials: Int
    /// Recordings per second.
    private let rate: Double

    package struct Outcome: Sendable {
        /// From the signal until a clip is accepted under the next epoch, seconds.
        package var killed: [Double] = []
        package var stopped: [Double] = []
        package var books: ChaosBooks
    }

    package init(executable: String, directory: String, trials: Int, rate: Double) {
        (self.executable, self.directory, self.trials, self.rate) = (executable, directory, trials, rate)
    }

    private static let patienceMilliseconds: Int64 = 60_000

    package func run() throws -> Outcome {
        let cluster = try ChaosCluster(
            executable: executable, data: "\(directory)/data", workers: 2, diskMegabytes: nil)
        let outcome = Result { try run(on: cluster) }
        try cluster.stop()
        try FileManager.default.removeItem(atPath: directory)
        return try outcome.get()
    }

    private func run(on cluster: ChaosCluster) throws -> Outcome {
        let plant = try ChaosPlant(on: cluster, executable: executable, directory: directory)
        let gateway = try ChaosGateway(
            executable: executable, home: "\(directory)/gateway", endpoints: cluster.endpoints.joined(separator: ","),
            machine: ChaosPlant.machine, site: "chaos-0")
        let feed = try ChaosFeed(recordings: plant.recordings, into: [gateway.watched], rate: rate)
        let waits = try (0..<2 * trials).map { try wait(after: $0.isMultiple(of: 2) ? SIGKILL : SIGSTOP, on: cluster) }
        let books = try ChaosBooks(fed: feed.stop(), settledOn: cluster)
        try gateway.stop()
        return Outcome(
            killed: stride(from: 0, to: waits.count, by: 2).map { waits[$0] },
            stopped: stride(from: 1, to: waits.count, by: 2).map { waits[$0] }, books: books)
    }

    /// Sends a signal to the broker that leads while clips flow and another stands by; returns the seconds until clips
    /// are accepted again.
    private func wait(after signal: Int32, on cluster: ChaosCluster) throws -> Double {
        let connection = try cluster.connect()
        let sinceTheEpoch = """
            SELECT coalesce(extract(epoch FROM min(c.accepted_at)), 0)::float8, count(*)::int, max(e.epoch)::int
            FROM auscult.broker_epoch e LEFT JOIN auscult.clip c ON c.accepted_at > e.opened_at
            """
        try wait("clips flow and a broker stands by") {
            try connection.execute(sinceTheEpoch)[0].int(1) > Int(rate) * 3 && cluster.broker(leading: false) != nil
        }
        guard let leader = try cluster.broker(leading: true) else { throw ChaosError("no broker leads") }
        let epoch = try connection.execute(sinceTheEpoch)[0].int(2)
        // Somewhere within a heartbeat.
        poll(nil, 0, .random(in: 0..<1_000))
        let begin = Double(SteadyClock.calendarMicroseconds) / 1e6
        kill(leader, signal)
        var accepted = 0.0
        try wait("another broker accepts clips") {
            let row = try connection.execute(sinceTheEpoch)[0]
            if try row.int(2) > epoch { accepted = try row.double(0) }
            return accepted > 0
        }
        kill(leader, SIGCONT)
        return accepted - begin
    }

    private func wait(_ what: String, until isSo: () throws -> Bool) throws {
        let deadline = SteadyClock.milliseconds + Self.patienceMilliseconds
        while try !isSo() {
            guard SteadyClock.milliseconds < deadline else { throw ChaosError("it never came true that \(what)") }
            poll(nil, 0, 50)
        }
    }
}
