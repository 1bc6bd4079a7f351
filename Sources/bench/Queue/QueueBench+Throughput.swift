import Ledger
import Messaging
import Nodes
import PostgreSQL

extension QueueBench {
    /// Clips of 320 kB made durable: bytes on disk and row committed.
    func ingest(secure: Bool) throws -> [QueueFigure] {
        let kind = secure ? "CURVE" : "plain"
        return try withCluster("ingest-\(kind)", secure: secure) { cluster in
            var figures: [QueueFigure] = []
            for (load, gateways) in [("1x", 1), ("2x", 2)] {
                let times = LoadTimes(count: ingest)
                try push(
                    ingest, to: cluster, series: "ingest\(load)", payload: Self.payload(320_000), times: times,
                    gateways: gateways, window: gateways == 1 ? 32 : 100)
                let now = times.now
                let accept = now.milliseconds(now.sent, now.accepted)
                figures += [
                    QueueFigure(
                        "durable ingest of 320 kB, \(kind), \(load)", now.rate(now.sent, now.accepted), "clips/s",
                        .atLeast(secure ? 400 : 1_000), "\(ingest) clips, \(gateways) gateways, BUSY \(now.busy)"),
                    QueueFigure("accept under ingest, \(kind), \(load), p50", accept.quantile(0.5), "ms"),
                    QueueFigure("accept under ingest, \(kind), \(load), p99", accept.quantile(0.99), "ms"),
                ]
            }
            let use = try ProcessUse(cluster.brokerProcess)
            return figures + [QueueFigure("broker after \(kind) ingest, resident", use.residentMegabytes, "MB")]
        }
    }

    /// Jobs that cost nothing but their durability: accepted, leased, answered, result committed and acknowledged.
    func noop(secure: Bool) throws -> [QueueFigure] {
        let kind = secure ? "CURVE" : "plain"
        return try withCluster("noop-\(kind)", secure: secure) { cluster in
            let database = try Connection(cluster.databaseURL)
            // The first clips find cold caches and make the partitions.
            _ = try run(5_000, on: cluster, series: "warm", payload: Self.payload(64))
            var figures: [QueueFigure] = []
            for (load, gateways) in [("1x", 1), ("2x", 2)] {
                let log = try Self.logPosition(database)
                let series = "noop\(load)"
                let now = try run(
                    clips, on: cluster, series: series, payload: Self.payload(64), gateways: gateways,
                    window: gateways == 1 ? 1_024 : 4_096)
                let perJob = (try Self.logPosition(database) - log) / Double(clips)
                let accept = now.milliseconds(now.sent, now.accepted)
                let age = now.milliseconds(now.accepted, now.started)
                figures += [
                    QueueFigure(
                        "durable no-op jobs, \(kind), \(load)", now.rate(now.sent, now.acknowledged), "jobs/s",
                        secure ? .none : .atLeast(15_000), "\(clips) jobs, \(gateways) gateways, BUSY \(now.busy)"),
                    QueueFigure("accept under no-op load, \(kind), \(load), p50", accept.quantile(0.5), "ms"),
                    QueueFigure("accept under no-op load, \(kind), \(load), p99", accept.quantile(0.99), "ms"),
                    QueueFigure("queue age under no-op load, \(kind), \(load), p99", age.quantile(0.99), "ms"),
                    QueueFigure(
                        "WAL per job without payload, \(kind), \(load)", perJob, "bytes", .atMost(1_536)),
                ]
                figures += try conservation(clips, in: cluster, series: series)
            }
            return figures + [try Self.deadTuples(database, "after \(2 * clips) jobs, \(kind)")]
        }
    }

    /// The same with the payload of a ten-second recording, there and back from the disk.
    func noopWithPayload() throws -> [QueueFigure] {
        try withCluster("payload") { cluster in
            let now = try run(
                ingest, on: cluster, series: "payload", payload: Self.payload(320_000), credits: 16, window: 100)
            return try [
                QueueFigure(
                    "durable no-op jobs with 320 kB, plain", now.rate(now.sent, now.acknowledged), "jobs/s", .none,
                    "\(ingest) jobs, each payload delivered to the worker")
            ] + conservation(ingest, in: cluster, series: "payload")
        }
    }

    static func logPosition(_ connection: Connection) throws -> Double {
        try connection.execute("SELECT (pg_current_wal_lsn() - '0/0')::double precision")[0].double(0)
    }

    /// Rows that were updated or deleted and are still there, in all tables of the queue.
    static func deadTuples(_ connection: Connection, _ remark: String) throws -> QueueFigure {
        let dead = try connection.execute(
            "SELECT coalesce(sum(n_dead_tup), 0)::double precision FROM pg_stat_user_tables WHERE schemaname = 'auscult'"
        )
        return QueueFigure("dead tuples", try dead[0].double(0), "rows", .atMost(1_000), remark)
    }
}
