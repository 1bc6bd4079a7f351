/// What a fleet would make of a training: how long a step takes, what travels, and which way of exchanging suits it.
///
/// One worker is one core. Every worker hangs on a link of its own speed, and so does the coordinator, on whose link all
/// that travels to it and from it is counted. Nothing travels while something is computed: what overlaps in practice is
/// gained.
package struct CapacityPlan: Sendable, Hashable {
    package struct Fleet: Sendable, Hashable {
        package var workers: Int
        package var workersPerHost: Int
        /// Of each host and of the coordinator, 10⁶ bits per second in each direction.
        package var linkMegabits: Double

        package init(workers: Int, workersPerHost: Int, linkMegabits: Double) {
            (self.workers, self.workersPerHost, self.linkMegabits) = (workers, workersPerHost, linkMegabits)
        }

        var hosts: Int { (workers + workersPerHost - 1) / workersPerHost }
    }

    package struct Work: Sendable, Hashable {
        /// Numbers that are trained, and running statistics behind them.
        package var trained: Int
        package var statistics: Int
        /// Numbers per clip between the backbone and the tail.
        package var features: Int
        /// In the dataset.
        package var clips: Int
        package var batch: Int
        package var shard: Int
        /// Of replicas: steps from one average to the next, and rounds from one that travels in full to the next.
        package var roundSteps: Int
        package var span: Int

        package init(
            trained: Int, statistics: Int, features: Int, clips: Int, batch: Int, shard: Int, roundSteps: Int, span: Int
        ) {
            (self.trained, self.statistics, self.features) = (trained, statistics, features)
            (self.clips, self.batch, self.shard) = (clips, batch, shard)
            (self.roundSteps, self.span) = (roundSteps, span)
        }

        var shards: Int { (batch + shard - 1) / shard }
        /// Of the weights, and of a gradient with its moments.
        var weightBytes: Double { 4 * Double(trained + statistics) }
        var changeBytes: Double { Double(trained + 4 * statistics) }
    }

    /// A way of exchanging, in the order in which they are to be tried.
    package enum Stage: String, Sendable, Hashable, CaseIterable {
        /// Every worker with the coordinator.
        case star
        /// Gradients are added per host before they travel.
        case hosts
        /// Several coordinators, each with a slice of the weights.
        case slices
        /// Gradients are added on the way, at nodes with 32 hosts each.
        case tree
        /// Replicas that are averaged now and then.
        case replicas

        /// Whether this version can do it.
        package var isBuilt: Bool { self == .star || self == .replicas }
    }

    package struct Estimate: Sendable, Hashable {
        package var stage: Stage
        /// Of a step of all workers together; of replicas, of one step of each, with its share of the exchange.
        package var stepSeconds: Double
        package var clipsPerSecond: Double
        /// The busiest direction of the coordinator's link, over the step.
        package var coordinatorMegabits: Double
        /// The share of the step that is computed.
        package var efficiency: Double
    }

    /// Below this share of computing the next stage is tried.
    private static let leastEfficiency = 0.8
    private static let slices = 4.0
    private static let treeWidth = 32.0
    /// With so many clips a replica more still helps the model.
    private static let clipsPerReplica = 2500

    package let estimates: [Estimate]
    /// The first stage that computes most of the time, and the first of those that this version can do; the best where
    /// none does.
    package let advised: Stage
    package let available: Stage
    /// Shards of a step, beyond which workers have nothing to do in it.
    package let shards: Int
    /// Beyond this many replicas the model gains little.
    package let usefulReplicas: Int
    /// Of the available stage.
    package let epochSeconds: Double

    package init(_ fleet: Fleet, _ work: Work, _ times: KernelTimes) {
        precondition(fleet.workers > 0 && fleet.workersPerHost > 0 && fleet.linkMegabits > 0, "a fleet of \(fleet)")
        let estimates = Stage.allCases.map { stage in
            stage == .replicas ? Self.replicas(fleet, work, times) : Self.together(stage, fleet, work, times)
        }
        self.estimates = estimates
        let best = { (estimates: [Estimate]) in
            estimates.first { $0.efficiency >= Self.leastEfficiency }
                ?? estimates.max { $0.efficiency < $1.efficiency } ?? estimates[0]
        }
        advised = best(estimates).stage
        let built = best(estimates.filter(\.stage.isBuilt))
        available = built.stage
        shards = work.shards
        usefulReplicas = min(max(work.clips / Self.clipsPerReplica, 1), 16)
        epochSeconds = Double(work.clips) / built.clipsPerSecond
    }

    /// A synchronous step.
    private static func together(_ stage: Stage, _ fleet: Fleet, _ work: Work, _ times: KernelTimes) -> Estimate {
        let waves = (work.shards + fleet.workers - 1) / fleet.workers
        let computing =
            Double(waves) * times.shard + times.tail + Double(work.shards) * times.sum + times.optimiser
        let busy = Double(min(work.shards, fleet.workers))
        let hosts = min(Double(fleet.hosts), Double(work.shards))
        // Weights to every worker at work, and each shard's gradient back, each with its moments; features both ways.
        let features = 4 * Double(work.batch * work.features)
        var (down, up) = (busy * work.weightBytes + features, Double(work.shards) * work.weightBytes + features)
        var relays = 1.0
        switch stage {
        case .star, .replicas: break
        case .hosts: (down, up) = (hosts * work.weightBytes + features, hosts * work.weightBytes + features)
        case .slices:
            down = (hosts * work.weightBytes + features) / slices
            up = down
        case .tree:
            var reached = treeWidth
            while reached < hosts { (reached, relays) = (reached * treeWidth, relays + 1) }
            down = min(hosts, treeWidth) * work.weightBytes + features
            up = down
        }
        let travelling = relays * (down + up) * 8 / (fleet.linkMegabits * 1e6)
        let step = computing + travelling
        return Estimate(
            stage: stage, stepSeconds: step, clipsPerSecond: Double(work.batch) / step,
            coordinatorMegabits: max(down, up) * 8 / 1e6 / step, efficiency: computing / step)
    }

    /// A step of every replica, one per worker, with the share of the exchange that falls on it.
    private static func replicas(_ fleet: Fleet, _ work: Work, _ times: KernelTimes) -> Estimate {
        let computing =
            Double(work.shards) * (times.shard + times.sum) + times.tail + times.optimiser
        // Of a span's rounds all but one exchange changes of eight bits, and one the weights in full.
        let exchanged = (Double(work.span - 1) * work.changeBytes + work.weightBytes) / Double(work.span)
        let bytes = Double(fleet.workers) * exchanged / Double(work.roundSteps)
        let travelling = 2 * bytes * 8 / (fleet.linkMegabits * 1e6)
        let step = computing + travelling
        return Estimate(
            stage: .replicas, stepSeconds: step, clipsPerSecond: Double(fleet.workers * work.batch) / step,
            coordinatorMegabits: bytes * 8 / 1e6 / step, efficiency: computing / step)
    }
}
