import Foundation
import Testing

/// The main job with real processes: clips pushed onto the queue become scores in SQL, whatever is killed on the way.
@Suite(.serialized) struct MainJobTests {
    /// A plant small enough for seconds: two machine types of one ID each.
    private func synthesise(in directory: URL) throws -> URL {
        let plant = directory.appending(path: "plant")
        try Command.succeed(["synth", plant.path, "--machines", "2", "--clips", "24", "--seed", "7"])
        return plant
    }

    /// Imports the plant and trains on it; returns version and weights.
    private func train(_ plant: URL, on cluster: Cluster) throws -> (version: String, weightsHash: String) {
        try Command.succeed(["dataset", "import", "plant", plant.path], environment: cluster.environment)
        let output = try Command.succeed(
            ["train", "--dataset", "plant", "--model", "density", "--shard", "4", "--json"],
            environment: cluster.environment)
        let done = try #require(try output.objects().last)
        #expect(done["event"] as? String == "done")
        return (try #require(done["modelVersion"] as? String), try #require(done["weightsHash"] as? String))
    }

    private func testFiles(of plant: URL) throws -> [URL] {
        let files = FileManager.default.enumerator(at: plant, includingPropertiesForKeys: nil)
        return try #require(files).compactMap { $0 as? URL }.filter {
            $0.path.contains("/test/") && $0.pathExtension == "wav"
        }
    }

    @Test func pushedClipsBecomeScoresOnce() throws {
        try withTemporaryDirectory { directory in
            let plant = try synthesise(in: directory)
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 2)
            defer { cluster.stop() }
            let (version, _) = try train(plant, on: cluster)

            let evaluation = try Command.succeed(
                ["model", "evaluate", version, "--dataset", "plant", "--json"], environment: cluster.environment
            ).objects()
            let machines = evaluation.filter { $0["machine"] != nil }
            #expect(machines.count == 2)
            for machine in machines { #expect(try #require(machine["auc"] as? Double) > 0.6, "\(machine)") }
            #expect((evaluation.last?["summary"] as? [String: Double])?["mauc"] != nil)

            try Command.succeed(["model", "promote", version], environment: cluster.environment)
            let clips = try testFiles(of: plant)
            for type in Set(clips.map { $0.deletingLastPathComponent().deletingLastPathComponent().lastPathComponent })
            {
                let folder = plant.appending(path: "\(type)/test").path
                let first = try Command.succeed(
                    ["push", folder, "--machine", type, "--wait", "--json"], environment: cluster.environment
                ).objects()
                #expect(first.allSatisfy { $0["status"] as? String == "accepted" && $0["score"] is Double })
                #expect(first.allSatisfy { $0["modelVersion"] as? String == version && $0["verdict"] is String })
                let again = try Command.succeed(
                    ["push", folder, "--machine", type, "--json"], environment: cluster.environment
                ).objects()
                #expect(again.count == first.count)
                #expect(again.allSatisfy { $0["status"] as? String == "duplicate" })
            }
            #expect(try cluster.count("select count(*) from auscult.results") == clips.count)
            #expect(try cluster.count("select count(distinct key) from auscult.results") == clips.count)
            #expect(try cluster.count("select waiting from auscult.queue_now") == 0)
            #expect(cluster.stop() == 0)
        }
    }

    @Test func aKilledWorkerLosesNothing() throws {
        try withTemporaryDirectory { directory in
            let plant = try synthesise(in: directory)
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 2)
            defer { cluster.stop() }
            let (version, _) = try train(plant, on: cluster)
            let clips = try testFiles(of: plant)
            for type in Set(clips.map { $0.deletingLastPathComponent().deletingLastPathComponent().lastPathComponent })
            {
                try Command.succeed(
                    ["push", plant.appending(path: "\(type)/test").path, "--machine", type, "--json"],
                    environment: cluster.environment)
            }
            // Everything waits for a champion; the promotion starts the scoring, the kill falls into it.
            try Command.succeed(["model", "promote", version], environment: cluster.environment)
            let victim = try cluster.process(of: "worker")
            kill(victim, SIGKILL)
            for type in Set(clips.map { $0.deletingLastPathComponent().deletingLastPathComponent().lastPathComponent })
            {
                let lines = try Command.succeed(
                    ["push", plant.appending(path: "\(type)/test").path, "--machine", type, "--wait", "--json"],
                    environment: cluster.environment
                ).objects()
                #expect(lines.allSatisfy { $0["status"] as? String == "duplicate" && $0["score"] is Double })
            }
            #expect(try cluster.count("select count(*) from auscult.results") == clips.count)
        }
    }

    @Test func theWeightsDoNotDependOnTheNumberOfWorkers() throws {
        try withTemporaryDirectory { directory in
            let plant = try synthesise(in: directory)
            let hashes = try [1, 4].map { workers in
                let cluster = try Cluster(in: directory.appending(path: "data-\(workers)"), workers: workers)
                defer { cluster.stop() }
                return try train(plant, on: cluster).weightsHash
            }
            #expect(hashes[0] == hashes[1])
        }
    }
}
