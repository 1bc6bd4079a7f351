import FoundationEssentials
import Messaging
import Nodes
import Plant
import PostgreSQL

/// What all measurements of the queue share: where they run, and how a load is played.
struct QueueBench {
    let directory: String
    let executable: String
    let clips: Int
    let ingest: Int
    let kills: Int
    let soakSeconds: Int

    /// A clip's payload that passes for a recording.
    static func payload(_ byteCount: Int) -> [UInt8] {
        Array("RIFF".utf8) + (4..<max(byteCount, 5)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    }

    /// Gives a measurement a cluster of its own and removes it afterwards.
    func withCluster<Result>(
        _ name: String, secure: Bool = false, _ body: (BenchCluster) throws -> Result
    ) throws -> Result {
        let place = "\(directory)/\(name)"
        let cluster = try BenchCluster(in: place, executable: executable, secure: secure)
        let result = Swift.Result { try body(cluster) }
        try cluster.stop()
        try FileManager.default.removeItem(atPath: place)
        return try result.get()
    }

    /// Pushes clips with so many gateways at once and waits until all are answered.
    func push(
        _ count: Int, to cluster: BenchCluster, series: String, payload: [UInt8], times: LoadTimes, gateways: Int = 1,
        window: Int = 2_048, pace: Double? = nil
    ) throws {
        let share = (count + gateways - 1) / gateways
        let threads = try (0..<gateways).map { index in
            let gateway = LoadGateway(
                endpoint: cluster.endpoint, security: try cluster.security(.gateway), site: "site-\(index)",
                series: series, payload: payload, times: times,
                clips: min(index * share, count)..<min((index + 1) * share, count), window: window,
                pace: pace.map { $0 / Double(gateways) })
            return try NodeThread.start("gateway-\(index)") { ((), { try gateway.run() }) }.0
        }
        for thread in threads { try thread.join() }
    }

    /// Pushes clips past a worker that does nothing, and waits until every result is acknowledged.
    func run(
        _ count: Int, on cluster: BenchCluster, series: String, payload: [UInt8], gateways: Int = 1,
        credits: UInt32 = 512,
        window: Int = 2_048, pace: Double? = nil
    ) throws -> LoadTimes.Times {
        let times = LoadTimes(count: count)
        let worker = try LoadWorker(
            "worker", at: cluster.endpoint, security: cluster.security(.worker), credits: credits, times: { times })
        try push(
            count, to: cluster, series: series, payload: payload, times: times, gateways: gateways, window: window,
            pace: pace)
        let deadline = ContinuousClock.now + .seconds(60)
        var poller = Poller()
        while times.acknowledgedCount < count - times.now.rejected {
            guard ContinuousClock.now < deadline else {
                throw QueueBenchError("\(times.acknowledgedCount) of \(count) results are acknowledged after a minute")
            }
            try poller.wait(.milliseconds(2))
        }
        try worker.stop()
        return times.now
    }

    /// Rows of the ledger that should be as many as clips were pushed: what is missing, and what is there twice.
    func conservation(_ count: Int, in cluster: BenchCluster, series: String) throws -> [QueueFigure] {
        let row = try Connection(cluster.databaseURL).execute(
            """
            SELECT count(DISTINCT key)::double precision, count(*)::double precision
            FROM auscult.results WHERE key LIKE '\(series)-%'
            """)[0]
        let (distinct, all) = try (row.double(0), row.double(1))
        return [
            QueueFigure("\(series): lost clips", Double(count) - distinct, "clips", .atMost(0)),
            QueueFigure("\(series): doubled results", all - distinct, "rows", .atMost(0)),
        ]
    }
}
