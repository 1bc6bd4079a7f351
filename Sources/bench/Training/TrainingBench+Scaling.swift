import Foundation
import PostgreSQL

// From one worker to two, in turn with PyTorch's data-parallel training by one process and two.

extension TrainingBench {
    /// What one turn of one contestant came to.
    private struct Turn {
        /// Of each step, clips per second.
        var rates: [Double] = []
        /// The part of the workers' time that went into shards.
        var busy: [Double] = []
    }

    private struct PeerTurn: Decodable { let clipsPerSecond: [Double] }

    /// - Parameters:
    ///   - peers: the Python environment and the folder of the programs; nil: nobody but us.
    ///   - mode: of the peer, as its program names it.
    func scaling(
        rounds: Int, steps: Int, peers: (environment: String, scripts: String, preloads: String)?, mode: String
    ) throws -> [QueueFigure] {
        try withCluster("scaling", workers: 2, plant: plant(machines: 4, clips: max(16, batch / 4 + 1))) { cluster in
            let rivals = try peers.map { peers in
                try [1, 2].map { processes in
                    try Peer(
                        environment: peers.environment, script: "\(peers.scripts)/ddp.py",
                        arguments: ["logmel,tgram", "\(batch)", "\(processes)", mode], preloads: peers.preloads)
                }
            }
            // They take a step before they answer, which nobody shall take beside another.
            for rival in rivals ?? [] { _ = try rival.turn("1", as: PeerTurn.self) }
            var (ours, theirs): ([[Turn]], [[Double]]) = ([[], []], [[], []])
            for round in 0..<rounds {
                // Who goes first changes, so that nobody always comes after the other.
                for workers in round.isMultiple(of: 2) ? [1, 2] : [2, 1] {
                    ours[workers - 1].append(try turn(of: workers, steps: steps, cluster))
                    if let rival = rivals?[workers - 1] {
                        theirs[workers - 1] += try rival.turn("\(steps)", as: PeerTurn.self).clipsPerSecond
                    }
                }
            }
            return figures(ours.map { turns in turns.flatMap(\.rates) }, theirs, busy: ours.map { $0.flatMap(\.busy) })
        }
    }

    /// The steady state of a run: its first step, which looks at the clips, is left out.
    private func turn(of workers: Int, steps: Int, _ cluster: TrainingCluster) throws -> Turn {
        try cluster.scale(to: workers)
        let run = try submit(to: cluster, steps: 100_000, validated: 100_000)
        try cluster.wait("run \(run) takes \(steps + 1) steps") {
            try cluster.number("SELECT count(*) FROM auscult.training_step WHERE run = \(run)") > steps
        }
        try cluster.command("run", "cancel", "\(run)")
        try cluster.wait("run \(run) is cancelled") {
            try cluster.number("SELECT count(*) FROM auscult.run WHERE run = \(run) AND state = 'cancelled'") == 1
        }
        var turn = Turn()
        let rows = try cluster.rows(
            """
            SELECT clips_per_second, (SELECT sum(compute_milliseconds) FROM auscult.run_shard h
                                      WHERE (h.run, h.step) = (s.run, s.step))
            FROM auscult.training_step s WHERE run = \(run) AND step BETWEEN 2 AND \(steps + 1) ORDER BY step
            """)
        for row in rows {
            let (rate, computed) = (try row.double(0), try row.double(1))
            turn.rates.append(rate)
            turn.busy.append(computed / 1000 / (Double(workers * batch) / rate))
        }
        return turn
    }

    private func figures(_ ours: [[Double]], _ theirs: [[Double]], busy: [[Double]]) -> [QueueFigure] {
        let rates = ours.map { Samples($0).quantile(0.5) }
        let peers = theirs.map { Samples($0).quantile(0.5) }
        let batches = "batch \(batch), shards of \(shard), \(ours[0].count) steps each"
        var figures = [
            QueueFigure("training, 1 worker", rates[0], "clips/s", .none, batches),
            QueueFigure("training, 2 workers", rates[1], "clips/s", .none, batches),
            QueueFigure("scaling efficiency from 1 to 2 workers", rates[1] / (2 * rates[0]), "", .atLeast(0.92)),
            QueueFigure("busy share of 1 worker", Samples(busy[0]).quantile(0.5), ""),
            QueueFigure("busy share of 2 workers", Samples(busy[1]).quantile(0.5), ""),
        ]
        guard peers.allSatisfy({ $0 > 0 }) else { return figures }
        figures += [
            QueueFigure("PyTorch DDP, 1 process", peers[0], "clips/s"),
            QueueFigure("PyTorch DDP, 2 processes", peers[1], "clips/s"),
            QueueFigure("scaling efficiency of PyTorch DDP", peers[1] / (2 * peers[0]), ""),
            QueueFigure("2 workers over 2 processes of PyTorch DDP", rates[1] / peers[1], "x", .atLeast(1.3)),
        ]
        return figures
    }
}
