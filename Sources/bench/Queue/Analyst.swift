import Messaging
import Nodes
import PostgreSQL

/// Holds a long transaction, and asks three aggregates every second, as a dashboard would.
final class Analyst: Sendable {
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
