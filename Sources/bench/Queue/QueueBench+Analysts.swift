import Messaging
import Nodes
import PostgreSQL

extension QueueBench {
    /// The queue beside an analyst who holds a transaction open and asks three aggregates again and again.
    func analysts() throws -> [QueueFigure] {
        try withCluster("analysts") { cluster in
            let database = try Connection(cluster.databaseURL)
            let count = max(clips / 2, 1_000)
            _ = try run(count, on: cluster, series: "warm", payload: Self.payload(64))
            var (clean, beside): ([Double], [Double]) = ([], [])
            var (cleanPaced, besidePaced): ([Double], [Double]) = ([], [])
            var queries = 0
            for round in 0..<3 {
                func rate(_ series: String, pace: Double?) throws -> Double {
                    let now = try run(
                        count, on: cluster, series: "\(series)\(round)", payload: Self.payload(64), pace: pace)
                    return now.rate(now.sent, now.acknowledged)
                }
                clean.append(try rate("clean", pace: nil))
                // Half of what the queue can take: there the analysts' processor time is to be had.
                let pace = Samples(clean).quantile(0.5) / 2
                cleanPaced.append(try rate("cleanpaced", pace: pace))
                let analyst = try Analyst(cluster.analystURL)
                besidePaced.append(try rate("besidepaced", pace: pace))
                beside.append(try rate("beside", pace: nil))
                queries += try analyst.stop().count
            }
            let alone = try Analyst(cluster.analystURL)
            var poller = Poller()
            try poller.wait(.seconds(10))
            let idleShare = 100 * (try alone.stop().seconds) / 10 / 2
            func ratio(_ with: [Double], _ without: [Double]) -> Double {
                100 * Samples(with).quantile(0.5) / max(Samples(without).quantile(0.5), 1)
            }
            return [
                QueueFigure(
                    "analysts beside the queue at half load: of clean", ratio(besidePaced, cleanPaced), "%",
                    .atLeast(98),
                    "median of 3 rounds, \(queries) aggregates in all"),
                QueueFigure(
                    "analysts beside the queue at full load: of clean", ratio(beside, clean), "%", .none,
                    "the aggregates and the queue share two cores"),
                QueueFigure(
                    "analysts beside an idle queue: of two cores", idleShare, "%", .none, "one core while a query runs"),
                QueueFigure(
                    "analysts at full load: of clean less what they take",
                    100 * ratio(beside, clean) / (100 - idleShare), "%"),
                try Self.deadTuples(database, "with a transaction held open through every round"),
            ]
        }
    }
}

/// Holds a long transaction, and asks three aggregates every second, as a dashboard would.
private final class Analyst: Sendable {
    private let stopping: WakeSignal
    private let thread: NodeThread
    private let asked = Tally()
    private let askedMicroseconds = Tally()

    init(_ url: String) throws {
        let stopping = try WakeSignal()
        let (asked, askedMicroseconds) = (asked, askedMicroseconds)
        (thread, _) = try NodeThread.start("analyst") {
            let (holder, asker) = try (Connection(url), Connection(url))
            // One analyst, one core.
            try asker.execute("SET max_parallel_workers_per_gather = 0")
            try holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            try holder.execute("SELECT count(*) FROM results")
            var poller = Poller()
            let stop = poller.add(stopping)
            return (
                (),
                {
                    while !poller.isReadable(stop) {
                        let begin = SteadyClock.microseconds
                        for question in Self.questions {
                            try asker.execute(question)
                            asked.add()
                        }
                        askedMicroseconds.add(Int(SteadyClock.microseconds - begin))
                        try poller.wait(.seconds(1))
                    }
                    try holder.execute("COMMIT")
                }
            )
        }
        self.stopping = stopping
    }

    /// Returns how many aggregates it was told, and for how long it was at one.
    func stop() throws -> (count: Int, seconds: Double) {
        stopping.raise()
        try thread.join()
        return (asked.count, Double(askedMicroseconds.count) / 1e6)
    }

    private static let questions = [
        "SELECT machine_type, machine_id, count(*), avg(score), max(scored_at) FROM results GROUP BY 1, 2",
        "SELECT * FROM machine_health ORDER BY hour DESC LIMIT 24",
        "SELECT verdict, count(*), percentile_cont(0.99) WITHIN GROUP (ORDER BY queue_milliseconds) FROM results GROUP BY 1",
    ]
}
