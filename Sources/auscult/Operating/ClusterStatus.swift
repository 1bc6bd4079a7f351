import Ledger
import Wire

/// What `auscult status` prints: the broker's own word, and what the database knows of the last minute.
struct ClusterStatus: Encodable {
    struct Worker: Encodable {
        let name: String
        let host: String
        let process: UInt32
        let leased: UInt32
        let credits: UInt32
        let draining: Bool
        let finished: UInt64
        let doing: String
    }

    struct Percentiles: Encodable {
        let p50: Double
        let p95: Double
        let p99: Double

        init(_ percentiles: QueueRates.Percentiles) {
            (p50, p95, p99) = (percentiles.p50, percentiles.p95, percentiles.p99)
        }

        var text: String { "\(p50.rounded(toPlaces: 1)), \(p95.rounded(toPlaces: 1)), \(p99.rounded(toPlaces: 1)) ms" }
    }

    // The broker's word.

    let epoch: UInt64
    let queuedClips: UInt64
    let queuedShards: UInt64
    let leased: UInt64
    let unwrittenResults: UInt64
    let accepted: UInt64
    let scored: UInt64
    let dead: UInt64
    let workers: [Worker]

    // The database's; nil where it was not asked, latencies also while nothing was scored.

    let waiting: Int64?
    let oldestSeconds: Double?
    let deadLetters: Int64?
    let pauses: Int64?
    let acceptedPerSecond: Double?
    let scoredPerSecond: Double?
    let queueMilliseconds: Percentiles?
    let computeMilliseconds: Percentiles?

    init(_ status: WireStatus, queue: QueueStatus?) {
        (epoch, leased, unwrittenResults) = (status.epoch, status.leased, status.unwrittenResults)
        (queuedClips, queuedShards) = (status.queuedClips, status.queuedShards)
        (accepted, scored, dead) = (status.accepted, status.scored, status.dead)
        workers = status.workers.map {
            Worker(
                name: $0.name, host: $0.host, process: $0.process, leased: $0.leased, credits: $0.credits,
                draining: $0.draining, finished: $0.finished, doing: $0.doing)
        }
        (waiting, oldestSeconds) = (queue?.waiting, queue?.oldestSeconds)
        (deadLetters, pauses) = (queue?.dead, queue?.pauses)
        (acceptedPerSecond, scoredPerSecond) = (queue?.rates.acceptedPerSecond, queue?.rates.scoredPerSecond)
        queueMilliseconds = queue?.rates.queueMilliseconds.map(Percentiles.init)
        computeMilliseconds = queue?.rates.computeMilliseconds.map(Percentiles.init)
    }

    /// For people.
    var lines: [String] {
        var lines = ["queued: \(queuedClips) clips, \(queuedShards) shards; \(leased) with workers; epoch \(epoch)"]
        if let waiting, let oldestSeconds, let deadLetters, let pauses {
            lines.append(
                "open: \(waiting) clips" + (waiting > 0 ? ", the oldest for \(Int(oldestSeconds)) s" : "")
                    + "; \(deadLetters) dead letters"
                    + (pauses > 0 ? "; \(pauses) pauses ('auscult queue list' shows them)" : ""))
        }
        if let acceptedPerSecond, let scoredPerSecond {
            lines.append(
                "last minute: \(acceptedPerSecond.rounded(toPlaces: 1)) accepted/s, "
                    + "\(scoredPerSecond.rounded(toPlaces: 1)) scored/s")
        }
        if let queueMilliseconds, let computeMilliseconds {
            lines.append("  waited (p50, p95, p99): \(queueMilliseconds.text)")
            lines.append("  computed (p50, p95, p99): \(computeMilliseconds.text)")
        }
        lines.append("since the broker started: \(accepted) accepted, \(scored) scored, \(dead) dead")
        return lines
            + workers.map {
                "\($0.name)\t\($0.host), process \($0.process)\t\($0.leased) in hand, \($0.finished) finished\t"
                    + ($0.draining ? "draining" : $0.doing)
            }
    }
}
