import Foundation
import PostgreSQL
import Testing

/// Workers that come and go while clips are scored: the database is the judge.
@Suite(.serialized) struct FleetTests {
    /// A cluster with a champion for everything in the plant.
    private func withScoringCluster(workers: Int, _ body: (Cluster, URL) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let plant = directory.appending(path: "plant")
            try Command.succeed(["synth", plant.path, "--machines", "1", "--clips", "24", "--seed", "7"])
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: workers)
            defer { cluster.stop() }
            try Command.succeed(["dataset", "import", "plant", plant.path], environment: cluster.environment)
            let training = try Command.succeed(
                ["train", "--dataset", "plant", "--model", "density", "--json"], environment: cluster.environment)
            let version = try #require(try training.objects().last?["modelVersion"] as? String)
            try Command.succeed(["model", "promote", version], environment: cluster.environment)
            try body(cluster, plant)
        }
    }

    /// Pushes every test clip as one that the site recorded; returns how many.
    @discardableResult
    private func push(_ plant: URL, site: String, to cluster: Cluster, waiting: Bool = false) throws -> Int {
        let type = try #require(
            try FileManager.default.contentsOfDirectory(atPath: plant.path).first {
                FileManager.default.fileExists(atPath: "\(plant.path)/\($0)/test")
            })
        let output = try Command.succeed(
            ["push", "\(plant.path)/\(type)/test", "--machine", type, "--site", site, "--json"]
                + (waiting ? ["--wait"] : []),
            environment: cluster.environment)
        return output.lines.count
    }

    @Test func scalingUnderLoadLosesAndDoublesNothing() throws {
        try withScoringCluster(workers: 1) { cluster, plant in
            let sites = (1...12).map { "site-\($0)" }
            var pushed = 0
            for (number, site) in sites.enumerated() {
                if number == 4 { try Command.succeed(["scale", "4"], environment: cluster.environment) }
                if number == 8 {
                    try cluster.wait("select running = 4 from auscult.fleet_now")
                    try Command.succeed(["scale", "2"], environment: cluster.environment)
                }
                pushed += try push(plant, site: site, to: cluster)
            }
            try cluster.wait("select running = 2 and draining = 0 from auscult.fleet_now")
            for site in sites { try push(plant, site: site, to: cluster, waiting: true) }
            #expect(try cluster.count("select count(*) from auscult.clip") == pushed)
            #expect(try cluster.count("select count(*) from auscult.result") == pushed)
            #expect(try cluster.count("select count(distinct job) from auscult.result") == pushed)
            #expect(try cluster.count("select count(*) from auscult.dead_letter") == 0)
            // Nothing was charged for the draining.
            #expect(try cluster.count("select count(*) from auscult.attempt") == 0)
            #expect(try cluster.processes(of: "worker").count == 2)
        }
    }

    @Test func aKilledWorkerIsBackWithinTwoSeconds() throws {
        try withTemporaryDirectory { directory in
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 2)
            defer { cluster.stop() }
            try cluster.wait("select running = 2 from auscult.fleet_now")
            let victim = try cluster.count("select process from auscult.workers where name = 'worker-2'")
            let began = ContinuousClock.now
            kill(Int32(victim), SIGKILL)
            try cluster.wait("select process <> \(victim) from auscult.workers where name = 'worker-2'")
            let elapsed = ContinuousClock.now - began
            print("a killed worker was back after \(elapsed)")
            #expect(elapsed < .seconds(2))
        }
    }

    @Test func aDrainedWorkerStaysAwayUntilTheNextScale() throws {
        try withTemporaryDirectory { directory in
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 2)
            defer { cluster.stop() }
            try cluster.wait("select running = 2 from auscult.fleet_now")
            try Command.succeed(["worker", "drain", "worker-1"], environment: cluster.environment)
            try cluster.wait("select array_agg(name) = '{worker-2}' from auscult.workers")
            let listed = try Command.succeed(["worker", "list", "--json"], environment: cluster.environment).objects()
            #expect(listed.map { $0["name"] as? String } == ["worker-2"])
            let again = try Command.run(["worker", "drain", "worker-1"], environment: cluster.environment)
            #expect(again.status == 1)
            #expect(again.errors.contains("worker-1"))
            try Command.succeed(["scale", "2"], environment: cluster.environment)
            try cluster.wait("select running = 2 from auscult.fleet_now")
        }
    }

    @Test func anOperatorScalesBySQLAndDoesNothingElse() throws {
        try withTemporaryDirectory { directory in
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 1)
            defer { cluster.stop() }
            let url = try Command.succeed(["db", "url", "--role", "operator"], environment: cluster.environment)
            let connection = try Connection(try #require(url.lines.first))
            try connection.execute("select scale_fleet(2)")
            try cluster.wait("select running = 2 from auscult.fleet_now")
            #expect(throws: PostgreSQLError.self) { try connection.execute("select scale_fleet(4097)") }
            #expect(throws: PostgreSQLError.self) { try connection.execute("update fleet set workers = 3") }
            #expect(throws: PostgreSQLError.self) { try connection.execute("select * from clip") }
        }
    }
}
