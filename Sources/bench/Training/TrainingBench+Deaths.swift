import Foundation
import Glibc
import PostgreSQL

// What the death of a worker and of the coordinator costs, seconds.

extension TrainingBench {
    /// - Parameter kills: of each service, one at a time, each when the one before is got over.
    func deaths(kills: Int) throws -> [QueueFigure] {
        let cluster = try cluster("deaths", workers: 2, plant: plant(machines: 4, clips: 16))
        defer { cluster.stop() }
        let run = try submit(to: cluster, steps: 100_000, validated: 100_000)
        try waitForSteps(10, of: run, cluster)
        let calm = Samples(Array(try spans(of: run, cluster).dropFirst(2))).quantile(0.5)
        let shard =
            try cluster.rows(
                """
                SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY compute_milliseconds) FROM auscult.run_shard
                WHERE phase = 2
                """)[0].double(0) / 1000
        let workers = try (0..<kills).map { _ in try cost(of: "worker", run, calm: calm, cluster) }
        let coordinators = try (0..<kills).map { _ in try cost(of: "coordinator", run, calm: calm, cluster) }
        let steps = try cluster.rows(
            "SELECT max(step) - count(DISTINCT step) FROM auscult.training_step WHERE run = \(run)")[0].int(0)
        let (stepText, shardText) = ((calm * 100).rounded() / 100, (shard * 100).rounded() / 100)
        let step = "\(kills) kills; a step takes \(stepText) s, the way back of a shard \(shardText) s"
        return [
            QueueFigure("death of a worker, median", Samples(workers).quantile(0.5), "s", .none, step),
            QueueFigure("death of a worker, worst", Samples(workers).quantile(1), "s", .atMost(2 * shard + 3)),
            QueueFigure("death of the coordinator, median", Samples(coordinators).quantile(0.5), "s"),
            QueueFigure("death of the coordinator, worst", Samples(coordinators).quantile(1), "s", .atMost(5)),
            QueueFigure("steps lost", Double(steps), "", .atMost(0)),
        ]
    }

    /// How much longer the two steps around a kill took than two others.
    private func cost(of service: String, _ run: Int, calm: Double, _ cluster: TrainingCluster) throws -> Double {
        let before = try step(of: run, cluster)
        // Somewhere within a step.
        usleep(.random(in: 0...UInt32(calm * 1_000_000)))
        guard let victim = cluster.processes(of: [service]).randomElement() else {
            throw QueueBenchError("no \(service) runs")
        }
        kill(victim.identifier, SIGKILL)
        try waitForSteps(before + 4, of: run, cluster)
        let window = try spans(of: run, cluster)[before..<before + 3]
        // The next one shall find everybody back at work.
        try cluster.wait("2 workers are back") {
            try cluster.number("SELECT running FROM auscult.fleet_now") == 2
        }
        try waitForSteps(before + 6, of: run, cluster)
        return window.reduce(0, +) - 3 * calm
    }

    private func step(of run: Int, _ cluster: TrainingCluster) throws -> Int {
        try cluster.number("SELECT max(step) FROM auscult.training_step WHERE run = \(run)")
    }

    private func waitForSteps(_ count: Int, of run: Int, _ cluster: TrainingCluster) throws {
        try cluster.wait("run \(run) takes \(count) steps") { try step(of: run, cluster) >= count }
    }

    /// From each step's commit to the next one's, seconds.
    private func spans(of run: Int, _ cluster: TrainingCluster) throws -> [Double] {
        try cluster.rows(
            """
            SELECT extract(epoch FROM at - lag(at) OVER (ORDER BY step))::float8 FROM auscult.training_step
            WHERE run = \(run) ORDER BY step
            """
        ).dropFirst().map { try $0.double(0) }
    }
}
