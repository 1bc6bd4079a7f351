import Glibc
import Ledger
import Plant

/// Waits for a run and tells the person how far it is.
struct RunFollower {
    private static let pauseMilliseconds = 200

    let ledger: PostgreSQLLedger
    let json: Bool

    private struct StepEvent: Encodable {
        let event = "step"
        let step: Int
        let loss: Double?
        let learningRate: Double?
        let weightsHash: String
        let clipsPerSecond: Double
    }

    /// Follows until the run is over; throws what it failed of.
    ///
    /// - Returns: the run as it ended, and its last step.
    func follow(_ run: Int64) throws -> (run: RunRecord, last: StepRecord?) {
        var last: StepRecord?
        var shown = -1
        while true {
            guard let record = try ledger.run(run) else { throw CommandFailure("run \(run) has vanished") }
            for step in try ledger.steps(of: run, after: last?.step ?? 0) {
                try show(step, record)
                last = step
            }
            let percent = Int(record.progress * 100)
            if percent != shown, !json, !record.state.isFinal {
                Console.note("run \(run): \(record.state.rawValue), \(percent) %")
                shown = percent
            }
            switch record.state {
            case .done: return (record, last)
            case .failed: throw CommandFailure("run \(run) failed: \(record.reason ?? "no reason was recorded")")
            case .cancelled: throw CommandFailure("run \(run) was cancelled")
            case .queued, .running, .paused: _ = try ledger.signals([], waitMilliseconds: Self.pauseMilliseconds)
            }
        }
    }

    private func show(_ step: StepRecord, _ record: RunRecord) throws {
        if json {
            try Console.json(
                StepEvent(
                    step: step.step, loss: step.loss, learningRate: step.learningRate,
                    weightsHash: step.weightsHash.description, clipsPerSecond: step.clipsPerSecond))
        } else if let loss = step.loss {
            let rate = step.clipsPerSecond.rounded(toPlaces: 1)
            Console.note(
                "step \(step.step): loss \(loss.rounded(toPlaces: 4)), \(rate) clips/s\(timeLeft(record))"
                    + (step.isSkipped ? "; skipped, its gradient was not fit for use" : ""))
        }
    }

    /// How long the run will go on if it goes on as it has gone so far.
    private func timeLeft(_ record: RunRecord) -> String {
        guard let startedAt = record.startedAt, record.progress > 0.01, record.progress < 1 else { return "" }
        let elapsed = Double(MemoryLedger.systemTime() - startedAt) / 1e6
        let seconds = Int(elapsed * (1 - record.progress) / record.progress)
        return seconds < 90 ? ", \(seconds) s left" : ", \((seconds + 30) / 60) min left"
    }
}
