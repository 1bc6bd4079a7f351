import Messaging
import Nodes
import Plant

extension QueueBench {
    /// One clip at a time through an idle queue.
    func latency() throws -> [QueueFigure] {
        try withCluster("latency") { cluster in
            var figures: [QueueFigure] = []
            for (name, byteCount) in [("small", 64), ("320 kB", 320_000)] {
                let times = try run(
                    500, on: cluster, series: "latency\(byteCount)", payload: Self.payload(byteCount), credits: 4,
                    window: 1, pace: 50)
                let accept = times.milliseconds(times.sent, times.accepted)
                let start = times.milliseconds(times.sent, times.started)
                let remark = "\(accept.count) clips, 50 a second"
                figures += [
                    QueueFigure("accept, idle, \(name), p50", accept.quantile(0.5), "ms", .none, remark),
                    QueueFigure("accept, idle, \(name), p99", accept.quantile(0.99), "ms"),
                    QueueFigure(
                        "submit -> worker start, idle, \(name), p50", start.quantile(0.5), "ms",
                        byteCount == 64 ? .atMost(5) : .none, remark),
                    QueueFigure(
                        "submit -> worker start, idle, \(name), p99", start.quantile(0.99), "ms",
                        byteCount == 64 ? .atMost(20) : .none),
                ]
            }
            return figures
        }
    }

    /// Who floods the queue delays itself: two sites with a backlog, one ten times the other's.
    func fairness() throws -> [QueueFigure] {
        try withCluster("fairness") { cluster in
            let (flood, trickle) = (10_000, 1_000)
            let times = LoadTimes(count: flood + trickle)
            for (site, clips) in [("flood", 0..<flood), ("trickle", flood..<flood + trickle)] {
                let gateway = LoadGateway(
                    endpoint: cluster.endpoint, security: try cluster.security(.gateway), site: site,
                    series: "fairness", payload: Self.payload(10_000), times: times, clips: clips)
                try NodeThread.start(site) { ((), { try gateway.run() }) }.0.join()
            }
            let worker = try LoadWorker(
                "worker", at: cluster.endpoint, security: .plain, credits: 16, times: { times })
            var poller = Poller()
            while times.acknowledgedCount < flood + trickle { try poller.wait(.milliseconds(5)) }
            try worker.stop()
            let order = times.now.order
            let last = order.lastIndex { $0 >= flood } ?? order.count
            let share = Double(order.prefix(2 * trickle).count { $0 >= flood }) / Double(2 * trickle)
            return [
                QueueFigure(
                    "fairness: share of a small site beside a flood", share * 100, "%", .atLeast(45),
                    "of the first \(2 * trickle) started; half is its due"),
                QueueFigure(
                    "fairness: last clip of the small site starts as number", Double(last + 1), "",
                    .atMost(Double(2 * trickle) * 1.2), "of \(flood + trickle), accepted after the whole flood"),
            ]
        }
    }
}
