import FoundationEssentials
import Messaging
import Nodes
import Plant
import PostgreSQL

extension QueueBench {
    /// Half load with payloads beside an analyst, for minutes: what the broker takes at the beginning and at the end.
    func soak() throws -> [QueueFigure] {
        try withCluster("soak") { cluster in
            let database = try Connection(cluster.databaseURL)
            let pace = 1_500.0
            let slices = max(soakSeconds / 15, 2)
            let analyst = try Analyst(cluster.analystURL)
            var uses: [ProcessUse] = []
            var ages: [Double] = []
            let count = Int(pace * 15)
            for slice in 0..<slices {
                let now = try run(
                    count, on: cluster, series: "soak\(slice)", payload: Self.payload(4_000), pace: pace)
                ages.append(now.milliseconds(now.accepted, now.started).quantile(0.99))
                uses.append(try ProcessUse(cluster.brokerProcess))
            }
            let asked = try analyst.stop().count
            // The first slice fills pools and caches.
            let first = uses[1]
            let last = uses[uses.count - 1]
            let rows = try database.execute("SELECT count(*)::double precision FROM auscult.result")[0].double(0)
            return [
                QueueFigure(
                    "soak: resident memory of the broker, at the end", last.residentMegabytes, "MB", .none,
                    "\(slices * 15) s at \(Int(pace)) jobs/s of 4 kB, a transaction held open, \(asked) aggregates"),
                QueueFigure(
                    "soak: its growth since the second slice", last.residentMegabytes - first.residentMegabytes, "MB",
                    .atMost(32)),
                QueueFigure(
                    "soak: descriptors, growth", Double(last.descriptors - first.descriptors), "", .atMost(2),
                    "\(last.descriptors) at the end"),
                QueueFigure("soak: queue age, p99 of the worst slice", ages.max() ?? 0, "ms"),
                QueueFigure("soak: lost or doubled", abs(Double(slices * count) - rows), "jobs", .atMost(0)),
                try Self.deadTuples(database, "after the soak"),
            ]
        }
    }

    /// The real thing: synthesised ten-second clips, pushed, decoded and scored by two workers.
    func realClips() throws -> [QueueFigure] {
        let place = "\(directory)/clips"
        try FileManager.default.createDirectory(
            atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try call(["synth", "\(place)/plant", "--machines", "1", "--clips", "60", "--seed", "5"], [:])
        guard
            let type = try FileManager.default.contentsOfDirectory(atPath: "\(place)/plant").first(where: {
                FileManager.default.fileExists(atPath: "\(place)/plant/\($0)/test")
            })
        else { throw QueueBenchError("the synthesised plant has no machine") }
        let cluster = try ClusterProcess(
            executable: executable, arguments: ["--data", "\(place)/data", "--workers", "2"])
        let environment = ["AUSCULT_DATA": "\(place)/data"]
        try call(["dataset", "import", "plant", "\(place)/plant"], environment)
        try call(["train", "--dataset", "plant", "--model", "density"], environment)
        try call(["model", "promote", "density-1"], environment)
        for round in 0..<8 {
            try call(
                ["push", "\(place)/plant/\(type)", "--machine", type, "--site", "site-\(round)", "--wait"], environment)
        }
        let row = try Connection(cluster.address.databaseURL).execute(
            """
            SELECT count(*)::double precision,
                extract(epoch FROM max(scored_at) - min(accepted_at))::double precision
            FROM auscult.results
            """)[0]
        let (count, seconds) = try (row.double(0), row.double(1))
        try cluster.stop()
        try FileManager.default.removeItem(atPath: place)
        return [
            QueueFigure(
                "real clips pushed, scored and stored", count / max(seconds, 1e-3), "clips/s", .none,
                "\(Int(count)) clips of 10 s, 2 workers, density; the gateway decodes each one too")
        ]
    }

    private func call(_ arguments: [String], _ environment: [String: String]) throws {
        let lifeline = try Lifeline()
        let process = try ChildProcess(
            executable: executable, arguments: arguments, environment: environment, lifeline: lifeline.readingEnd)
        let status = process.run { _ in }
        guard status == 0 else {
            throw QueueBenchError("auscult \(arguments.joined(separator: " ")) ended with \(status)")
        }
    }
}
