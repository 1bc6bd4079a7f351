import Foundation
import Glibc
import PostgreSQL

// What the death of a worker and of the coordinator costs, seconds.

extension TrainingBench {
    /// - Parameter kills: of each service, one at a time, each when the one before is got over.
    func deaths(kills: Int) throws -> [QueueFigure] {
        try withCluster("deaths", workers: 2, plant: plant(machines: 4, clips: 16)) { cluster in
            let run = try submit(to: cluster, steps: 100_000, validated: 100_000)
            try waitForSteps(10, of: run, cluster)
            let workers = try (0..<kills).map { _ in try kill("worker", run, cluster) }
            let coordinators = try (0..<kills).map { _ in try kill("coordinator", run, cluster) }
            let spans = try spans(of: run, cluster)
            // Most steps lie outside the windows. The first few look at the clips.
            let calm = Samples(Array(spans.dropFirst(2))).quantile(0.5)
            func costs(_ windows: [Range<Int>]) -> Samples {
                Samples(windows.map { spans[$0].reduce(0, +) - Double($0.count) * calm })
            }
            let shard =
                try cluster.rows(
                    """
                    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY compute_milliseconds) FROM auscult.run_shard
                    WHERE phase = 2
                    """)[0].double(0) / 1000
            let steps = try cluster.rows(
                "SELECT max(step) - count(DISTINCT step) FROM auscult.training_step WHERE run = \(run)")[0].int(0)
            let (stepText, shardText) = ((calm * 100).rounded() / 100, (shard * 100).rounded() / 100)
            let step = "\(kills) kills; a step takes \(stepText) s, the way back of a shard \(shardText) s"
            let (worker, coordinator) = (costs(workers), costs(coordinators))
            return [
                QueueFigure("death of a worker, median", worker.quantile(0.5), "s", .none, step),
                QueueFigure("death of a worker, worst", worker.quantile(1), "s", .atMost(2 * shard + 3)),
                QueueFigure("death of the coordinator, median", coordinator.quantile(0.5), "s"),
                QueueFigure("death of the coordinator, worst", coordinator.quantile(1), "s", .atMost(5)),
                QueueFigure("steps lost", Double(steps), "", .atMost(0)),
            ]
        }
    }

    /// Kills a process of a service somewhere within a step, and waits until all is well again.
    ///
    /// - Returns: the spans of the four steps in which the death has to be got over.
    private func kill(_ service: String, _ run: Int, _ cluster: TrainingCluster) throws -> Range<Int> {
        let last = try step(of: run, cluster)
        usleep(.random(in: 0...1_000_000))
        guard let victim = cluster.processes(of: [service]).randomElement() else {
            throw QueueBenchError("no \(service) runs")
        }
        Glibc.kill(victim.identifier, SIGKILL)
        try waitForSteps(last + 4, of: run, cluster)
        // The next one shall find everybody back at work.
        try cluster.wait("2 workers are back") {
            try cluster.number("SELECT running FROM auscult.fleet_now") == 2
        }
        try waitForSteps(last + 10, of: run, cluster)
        // Span 0 leads from step 1 to step 2.
        return last - 1..<last + 3
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
