import Foundation
import Glibc
import PostgreSQL
import TestSupport

// The same training by other numbers of workers and under faults: one hash, everything counted once.

/// What a training came to.
struct TrainingOutcome: Encodable {
    let world: String
    let weightsHash: String
    /// Of the hashes of the weights after every step, and of every output that counted.
    let stepsDigest: String
    let shardsDigest: String
    let steps: Int
    /// Rows of the ledger, and different (step, phase, shard) among them.
    let countedShards: Int
    let differentShards: Int
    let coordinators: Int
    let seconds: Double
    let faults: [String]

    var line: String {
        "\(world): weights \(weightsHash.prefix(16)), \(steps) steps (\(stepsDigest.prefix(8))), \(countedShards) shards "
            + "of which \(differentShards) different (\(shardsDigest.prefix(8))), \(coordinators) coordinators, "
            + "\(Int(seconds)) s; \(faults.count) faults"
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

extension TrainingBench {
    /// What goes wrong while a training runs; returns what was done.
    private typealias Mischief = @Sendable (TrainingCluster, _ isRunning: () throws -> Bool) throws -> [String]

    private static let points = [
        "worker-survey", "worker-forward", "worker-backward", "worker-measure", "folded", "journaled", "committed",
        "provided", "asked", "checkpointed", "finished", "stored",
    ]

    /// Tells each outcome as soon as it is there, and in the end whether all agree.
    ///
    /// - Parameters:
    ///   - counts: numbers of workers that run undisturbed.
    ///   - faults: how many random faults the last training meets.
    func faults(steps: Int, counts: [Int], faults: Int, tell: (TrainingOutcome) -> Void) throws -> [QueueFigure] {
        var worlds: [(name: String, workers: Int, Mischief)] = counts.map {
            ("\($0) workers", $0, { _, _ in [] })
        }
        worlds.append(("a changing number of workers", 1, Self.scaleAgainAndAgain))
        worlds.append(("killed at every named point", 2, Self.killAtEveryPoint))
        worlds.append(("\(faults) random faults", 3, { try Self.disturb($0, count: faults, while: $1) }))
        let outcomes = try worlds.map { world in
            let outcome = try outcome(world.name, workers: world.workers, steps: steps, world.2)
            tell(outcome)
            return outcome
        }
        let first = outcomes[0]
        let equal = outcomes.count {
            ($0.weightsHash, $0.stepsDigest, $0.shardsDigest)
                == (first.weightsHash, first.stepsDigest, first.shardsDigest)
        }
        let once = outcomes.count { $0.countedShards == $0.differentShards && $0.steps == steps }
        let all = Double(outcomes.count)
        return [
            QueueFigure("trainings with the same bits after every step", Double(equal), "", .atLeast(all)),
            QueueFigure("trainings that counted everything once", Double(once), "", .atLeast(all)),
        ]
    }

    private func outcome(_ name: String, workers: Int, steps: Int, _ mischief: Mischief) throws -> TrainingOutcome {
        try withCluster("faults", workers: workers, plant: plant(machines: 4, clips: 16)) { cluster in
            let begun = ContinuousClock.now
            let run = try submit(to: cluster, steps: steps, validated: max(steps / 2, 1))
            func isRunning() throws -> Bool {
                try cluster.number(
                    "SELECT count(*) FROM auscult.run WHERE run = \(run) AND state IN ('queued', 'running')") == 1
            }
            let faults = try mischief(cluster, isRunning)
            try cluster.wait("run \(run) ends", seconds: 900) { try !isRunning() }
            let seconds = (ContinuousClock.now - begun) / .seconds(1)
            let row = try cluster.rows(
                """
                SELECT coalesce(encode(weights_hash, 'hex'), state || ': ' || coalesce(reason, '')),
                    (SELECT md5(string_agg(encode(weights_hash, 'hex'), ' ' ORDER BY step))
                     FROM auscult.training_step s WHERE s.run = r.run),
                    (SELECT md5(string_agg(concat_ws(' ', step, phase, shard, encode(output_hash, 'hex')), ','
                                           ORDER BY step, phase, shard)) FROM auscult.run_shard s WHERE s.run = r.run),
                    (SELECT count(*) FROM auscult.training_step s WHERE s.run = r.run),
                    (SELECT count(*) FROM auscult.run_shard s WHERE s.run = r.run),
                    (SELECT count(DISTINCT (step, phase, shard)) FROM auscult.run_shard s WHERE s.run = r.run),
                    (SELECT fence FROM auscult.coordinator_fence)
                FROM auscult.run r WHERE run = \(run)
                """)[0]
            return TrainingOutcome(
                world: name, weightsHash: try row.text(0), stepsDigest: try row.text(1), shardsDigest: try row.text(2),
                steps: try row.int(3), countedShards: try row.int(4), differentShards: try row.int(5),
                coordinators: try row.int(6), seconds: seconds, faults: faults)
        }
    }

    private static let scaleAgainAndAgain: Mischief = { cluster, isRunning in
        var faults: [String] = []
        while try isRunning() {
            for workers in [3, 1, 2, 5, 1, 4, 2, 8] where try isRunning() {
                try cluster.command("scale", "\(workers)")
                faults.append("\(workers) workers")
                usleep(2_000_000)
            }
        }
        return faults
    }

    /// One after the other, each as soon as the one before has struck.
    private static let killAtEveryPoint: Mischief = { cluster, isRunning in
        var faults: [String] = []
        for point in points {
            let file = "\(cluster.faults)/\(point)"
            try Data().write(to: URL(fileURLWithPath: file))
            // The last points come once, at the end of the run.
            guard !["finished", "stored", "worker-measure"].contains(point) else { continue }
            while try isRunning(), FileManager.default.fileExists(atPath: file) { usleep(50_000) }
        }
        while try isRunning() { usleep(200_000) }
        usleep(200_000)
        faults += points.filter { !FileManager.default.fileExists(atPath: "\(cluster.faults)/\($0)") }
        return faults
    }

    /// Kills workers, the coordinator and the broker, and stops workers for a while.
    private static func disturb(
        _ cluster: TrainingCluster, count: Int, while isRunning: () throws -> Bool
    ) throws -> [String] {
        var dice = SplitMix64(seed: 2)
        var faults: [String] = []
        while faults.count < count, try isRunning() {
            usleep(.random(in: 300_000...1_500_000, using: &dice))
            let victims = cluster.processes(of: ["worker", "coordinator", "broker"])
            guard let victim = victims.randomElement(using: &dice) else { continue }
            if victim.service == "worker", Int.random(in: 0..<4, using: &dice) == 0 {
                kill(victim.identifier, SIGSTOP)
                usleep(.random(in: 500_000...5_000_000, using: &dice))
                kill(victim.identifier, SIGCONT)
                faults.append("stopped a worker")
            } else {
                kill(victim.identifier, SIGKILL)
                faults.append("killed a \(victim.service)")
            }
        }
        return faults
    }
}
