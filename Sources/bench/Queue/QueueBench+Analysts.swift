import Messaging
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
