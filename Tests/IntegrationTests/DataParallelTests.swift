import Foundation
import Testing

/// A training of a network by real processes: whoever is killed and however many there are, it makes the same bits and
/// counts every shard once.
@Suite(.serialized) struct DataParallelTests {
    private static let steps = 5
    private static let workerPoints = ["worker-survey", "worker-forward", "worker-backward", "worker-measure"]
    private static let coordinatorPoints = [
        "folded", "journaled", "committed", "provided", "asked", "checkpointed", "finished", "stored",
    ]

    /// What a training left in the ledger.
    private struct Trace: Equatable {
        let weightsHash: String
        /// The hashes of the weights after every step, and of the output of every shard that counted.
        let steps: String
        let shards: String
    }

    /// Trains on a fresh cluster, whose processes die at the points named.
    private func train(
        on plant: URL, in directory: URL, workers: Int, dyingAt points: [String] = [], besideRogue: Bool = false
    ) throws -> Trace {
        let faults = directory.appending(path: "faults")
        try FileManager.default.createDirectory(at: faults, withIntermediateDirectories: true)
        for point in points { try Data().write(to: faults.appending(path: point)) }
        let cluster = try Cluster(
            in: directory.appending(path: "data"), workers: workers, environment: ["AUSCULT_FAULTS": faults.path])
        defer { cluster.stop() }
        try Command.succeed(["dataset", "import", "plant", plant.path], environment: cluster.environment)
        let rogue = besideRogue ? try RogueWorker(at: cluster.endpoint) : nil
        defer { #expect(throws: Never.self) { try rogue?.stop() } }
        if besideRogue { try startAnotherCoordinator(cluster) }
        let output = try Command.succeed(
            [
                "train", "--dataset", "plant", "--model", "os-scl", "--channels", "logmel,tgram", "--json",
                "--steps", "\(Self.steps)", "--batch", "8", "--shard", "2", "--validation-interval", "3", "--seed", "7",
            ], environment: cluster.environment)
        #expect(try FileManager.default.contentsOfDirectory(atPath: faults.path) == [], "nobody died there")
        let done = try #require(try output.objects().last)
        #expect(done["event"] as? String == "done")
        try checkLedger(cluster, coordinators: (besideRogue ? 3 : 1) + points.count { !$0.hasPrefix("worker") })
        return Trace(
            weightsHash: try #require(done["weightsHash"] as? String),
            steps: try cluster.text(
                "select string_agg(encode(weights_hash, 'hex'), ' ' order by step) from auscult.training_step"),
            shards: try cluster.text(
                """
                select string_agg(concat_ws(' ', step, phase, shard, encode(output_hash, 'hex')), ','
                                  order by step, phase, shard) from auscult.run_shard
                """))
    }

    /// Somebody starts a coordinator by hand; the cluster's own takes the work back, and the other one ends with a sentence.
    private func startAnotherCoordinator(_ cluster: Cluster) throws {
        let output = try Command.run(["coordinator", "--name", "second"], environment: cluster.environment)
        #expect(output.status == 1)
        #expect(output.errors.contains("another coordinator has taken over"))
    }

    /// Every step and each of its shards is there once, and each step begins where the one before it ended.
    private func checkLedger(_ cluster: Cluster, coordinators: Int) throws {
        #expect(
            try cluster.count("select count(*) from auscult.training_step where step between 1 and \(Self.steps)")
                == Self.steps)
        #expect(
            try cluster.count(
                """
                select count(*) from auscult.training_step s join auscult.training_step p using (run)
                where p.step = s.step - 1 and p.weights_hash = s.hash_before
                """) == Self.steps - 1)
        #expect(try cluster.count("select count(*) from auscult.run_shard where phase in (1, 2)") == 2 * 4 * Self.steps)
        #expect(
            try cluster.count(
                "select count(*) - count(distinct (run, step, phase, shard)) from auscult.run_shard") == 0)
        #expect(try cluster.count("select count(*) from auscult.model_version where kind = 'os-scl'") == 1)
        // The last to die may still be on its way back.
        try waitUntil("\(coordinators) coordinators have begun") {
            try cluster.count("select fence from auscult.coordinator_fence") >= coordinators
        }
    }

    @Test func killsBadOutputsAndTheNumberOfWorkersChangeNoBit() throws {
        try withTemporaryDirectory { directory in
            let plant = directory.appending(path: "plant")
            try Command.succeed(["synth", plant.path, "--machines", "2", "--clips", "6", "--seed", "5"])
            let points = Self.coordinatorPoints
            let calm = try train(on: plant, in: directory.appending(path: "calm"), workers: 1)
            let half = try train(
                on: plant, in: directory.appending(path: "half"), workers: 2,
                dyingAt: ["folded", "committed", "asked", "finished"] + Self.workerPoints.prefix(2))
            let rest = try train(
                on: plant, in: directory.appending(path: "rest"), workers: 3,
                dyingAt: points.filter { !["folded", "committed", "asked", "finished"].contains($0) }
                    + Self.workerPoints.suffix(2))
            let rogue = try train(on: plant, in: directory.appending(path: "rogue"), workers: 2, besideRogue: true)
            #expect(half == calm)
            #expect(rogue == calm)
            #expect(rest == calm)
        }
    }

    /// A journal that cannot be written costs time at most: the coordinator says so and goes on.
    @Test func aJournalThatCannotBeWrittenChangesNoBit() throws {
        try withTemporaryDirectory { directory in
            let plant = directory.appending(path: "plant")
            try Command.succeed(["synth", plant.path, "--machines", "2", "--clips", "6", "--seed", "5"])
            let traces = try [false, true].map { isBlocked in
                let home = directory.appending(path: "blocked-\(isBlocked)")
                // Where the journal of the first run would be, there is a directory.
                let obstacle = home.appending(path: "data/coordinator/run-1.journal/full")
                if isBlocked {
                    try FileManager.default.createDirectory(at: obstacle, withIntermediateDirectories: true)
                }
                return try train(on: plant, in: home, workers: 2, dyingAt: isBlocked ? ["committed"] : [])
            }
            #expect(traces[0] == traces[1])
        }
    }

    /// A clip whose bytes are gone or changed ends the run with a sentence that names it and helps.
    @Test(arguments: [false, true]) func aLostClipIsNamedAndImportedAgain(isChanged: Bool) throws {
        try withTemporaryDirectory { directory in
            let plant = directory.appending(path: "plant")
            try Command.succeed(["synth", plant.path, "--machines", "2", "--clips", "6", "--seed", "5"])
            let data = directory.appending(path: "data")
            let before = try Cluster(in: data, workers: 1)
            try Command.succeed(["dataset", "import", "plant", plant.path], environment: before.environment)
            before.stop()
            try loseClips(in: data.appending(path: "broker"), isChanged: isChanged)

            let cluster = try Cluster(in: data, workers: 1)
            defer { cluster.stop() }
            let training = ["train", "--dataset", "plant", "--model", "os-scl", "--steps", "1", "--batch", "4"]
            let output = try Command.run(training, environment: cluster.environment)
            #expect(output.status == 1)
            #expect(output.errors.contains(".wav") && output.errors.contains("import the dataset again"))
            try Command.succeed(["dataset", "import", "plant", plant.path], environment: cluster.environment)
            try Command.succeed(training, environment: cluster.environment)
        }
    }

    /// Changes a byte in every few kilobytes of the broker's segments, or deletes them.
    private func loseClips(in directory: URL, isChanged: Bool) throws {
        let files = try #require(FileManager.default.enumerator(at: directory, includingPropertiesForKeys: nil))
        let segments = files.compactMap { $0 as? URL }.filter { $0.pathExtension == "segment" }
        try #require(!segments.isEmpty)
        for segment in segments {
            guard isChanged else {
                try FileManager.default.removeItem(at: segment)
                continue
            }
            var bytes = try Data(contentsOf: segment)
            for index in stride(from: 60_000, to: bytes.count, by: 60_000) { bytes[index] ^= 1 }
            try bytes.write(to: segment)
        }
    }
}
