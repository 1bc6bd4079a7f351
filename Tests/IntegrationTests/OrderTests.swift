import Foundation
import PostgreSQL
import Testing

/// Operators' orders to a cluster of real processes: the database is the judge.
@Suite(.serialized) struct OrderTests {
    /// A plant, and a cluster that knows no model yet: its clips wait.
    private func withWaitingClips(options: [String] = [], _ body: (Cluster, URL, Int) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let plant = directory.appending(path: "plant")
            try Command.succeed(["synth", plant.path, "--machines", "1", "--clips", "24", "--seed", "7"])
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 1, options: options)
            defer { cluster.stop() }
            let clips = try push(plant, site: "north", to: cluster)
            try body(cluster, plant, clips)
        }
    }

    private func push(_ plant: URL, site: String, to cluster: Cluster) throws -> Int {
        let type = try #require(
            try FileManager.default.contentsOfDirectory(atPath: plant.path).first {
                FileManager.default.fileExists(atPath: "\(plant.path)/\($0)/test")
            })
        return try Command.succeed(
            ["push", "\(plant.path)/\(type)/test", "--machine", type, "--site", site, "--json"],
            environment: cluster.environment
        ).lines.count
    }

    private func promote(_ plant: URL, on cluster: Cluster) throws {
        try Command.succeed(["dataset", "import", "plant", plant.path], environment: cluster.environment)
        let training = try Command.succeed(
            ["train", "--dataset", "plant", "--model", "density", "--json"], environment: cluster.environment)
        let version = try #require(try training.objects().last?["modelVersion"] as? String)
        try Command.succeed(["model", "promote", version], environment: cluster.environment)
    }

    private func object(_ arguments: [String], on cluster: Cluster) throws -> [String: Any] {
        try #require(
            try Command.succeed(arguments + ["--json"], environment: cluster.environment).objects().first)
    }

    @Test func aPausedSiteIsTakenInAndNotScored() throws {
        try withWaitingClips { cluster, plant, clips in
            try Command.succeed(
                ["queue", "pause", "--site", "north", "--reason", "new sensors"], environment: cluster.environment)
            try promote(plant, on: cluster)
            #expect(try push(plant, site: "south", to: cluster) == clips)
            try cluster.wait("select count(*) = \(clips) from auscult.results where site = 'south'")
            #expect(try cluster.count("select count(*) from auscult.results where site = 'north'") == 0)
            let listed = try Command.succeed(["queue", "list", "--json"], environment: cluster.environment).objects()
            #expect(listed.first?["waiting"] as? Int == clips && listed.first?["paused"] as? Bool == true)
            #expect(listed.last?["reason"] as? String == "new sensors")
            // The pause holds over the death of the broker.
            for broker in try cluster.processes(of: "broker") { kill(broker, SIGKILL) }
            #expect(try push(plant, site: "east", to: cluster) == clips)
            try cluster.wait("select count(*) = \(clips) from auscult.results where site = 'east'")
            #expect(try cluster.count("select count(*) from auscult.results where site = 'north'") == 0)
            try Command.succeed(["queue", "resume", "--site", "north"], environment: cluster.environment)
            try cluster.wait("select count(*) = \(clips) from auscult.results where site = 'north'")
            let again = try Command.run(["queue", "resume", "--site", "north"], environment: cluster.environment)
            #expect(again.status == 1 && again.errors.contains("nothing is paused"))
        }
    }

    @Test func cancelledClipsCanBeRetriedAndDroppedOnesCannot() throws {
        try withWaitingClips { cluster, plant, clips in
            let cancelled = try object(["queue", "cancel", "--site", "north", "--reason", "broken"], on: cluster)
            #expect(cancelled["clips"] as? Int == clips)
            #expect(try cluster.count("select count(*) from auscult.dead_letters where code = 405") == clips)
            #expect(try cluster.count("select waiting from auscult.queue_now") == 0)
            let letters = try Command.succeed(["dead", "list", "--json"], environment: cluster.environment).objects()
            #expect(letters.count == clips)
            let job = try #require(letters.first?["job"] as? Int)
            let shown = try object(["dead", "show", "\(job)"], on: cluster)
            #expect((shown["reason"] as? String)?.hasSuffix(": broken") == true)
            let dropped = try object(["dead", "drop", "\(job)", "--reason", "empty"], on: cluster)
            #expect(dropped["dropped"] as? Int == 1)
            let refused = try Command.run(["dead", "retry", "\(job)"], environment: cluster.environment)
            #expect(refused.status == 1 && refused.errors.contains("dropped"))
            #expect(try object(["dead", "retry", "--all"], on: cluster)["retried"] as? Int == clips - 1)
            try promote(plant, on: cluster)
            try cluster.wait("select count(*) = \(clips - 1) from auscult.results")
            #expect(try cluster.count("select count(*) from auscult.dead_letters") == 1)
            #expect(try cluster.count("select count(*) from auscult.operator_orders where closed_at is null") == 0)
            let audit = try Connection(cluster.analystURL).execute(
                "select string_agg(action || ' ' || clips, ', ' order by number) from operator_orders")
            #expect(try audit.first?.text(0) == "cancel \(clips), drop 1, retry \(clips - 1)")
        }
    }

    /// Orders are given while nobody leads, in SQL by an operator; whoever leads next carries them out.
    @Test func anOrderOutlivesTheBrokers() throws {
        try withWaitingClips(options: ["--standby"]) { cluster, plant, clips in
            let url = try Command.succeed(["db", "url", "--role", "operator"], environment: cluster.environment)
            let connection = try Connection(try #require(url.lines.first))
            for broker in try cluster.processes(of: "broker") { kill(broker, SIGKILL) }
            let order = try connection.execute("select cancel_clips(site => 'north', who => 'mia')")[0].int64(0)
            try cluster.wait("select closed_at is not null from auscult.operator_orders where number = \(order)")
            #expect(try cluster.count("select clips from auscult.operator_orders") == clips)
            #expect(try cluster.count("select count(*) from auscult.dead_letters") == clips)
            try connection.execute("select retry_dead_letters(array_agg(job), 'mia') from dead_letters")
            for broker in try cluster.processes(of: "broker") { kill(broker, SIGKILL) }
            try promote(plant, on: cluster)
            try cluster.wait("select count(*) = \(clips) from auscult.results")
            #expect(throws: PostgreSQLError.self) { try connection.execute("delete from dead_letter") }
        }
    }
}
