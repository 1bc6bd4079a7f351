internal import Detection
package import Ledger
internal import Logging
internal import Plant
internal import SwiftProtobuf
internal import Training
package import Wire

/// Works on runs: claims them, asks the broker for their shards, folds what comes back, stores what they make.
///
/// Owned by one thread, on which it also asks the database: the coordinator's connection to the broker lives on another,
/// so that heartbeats wait for neither SQL nor mathematics. What it knows can be rebuilt: after a restart it claims
/// the runs again, and asks for their shards again.
package final class Coordinator {
    package typealias Ledgers = RunLedger & DatasetLedger & ModelLedger

    private let ledger: any Ledgers
    private let planner: RunPlanner
    private let fence: Int64
    private let send: (WireMessage) -> Void
    private let logger: Logger
    private var runs: [Int64: ActiveRun] = [:]

    /// Raises the fence: an earlier coordinator's writes fail from now on.
    ///
    /// - Parameters:
    ///   - holder: who this is, for people who read the fence's row.
    ///   - send: hands a message to the broker; may be called at any time.
    package init(ledger: any Ledgers, holder: String, send: @escaping (WireMessage) -> Void) throws {
        self.ledger = ledger
        self.send = send
        planner = RunPlanner(ledger: ledger)
        logger = Logger(label: "auscult.coordinator")
        fence = try ledger.openFence(holder: holder)
    }

    package var isIdle: Bool { runs.isEmpty }

    /// Looks for runs to begin and runs to stop.
    package func lookForWork(now: Int64) throws {
        while let record = try ledger.claimRun(fence: fence) { try begin(record, now: now) }
        guard !runs.isEmpty else { return }
        for run in try ledger.cancelledRuns(fence: fence) {
            forget(run)
            try ledger.confirmCancel(of: run, fence: fence)
            logger.info("run \(run) was cancelled")
        }
    }

    /// The broker has welcomed us, perhaps a new one that knows nothing: ask for everything that is missing.
    package func askAgain() {
        for run in runs.keys.sorted() {
            guard let shards = runs[run]?.allRequests() else { continue }
            ask(shards)
        }
    }

    /// Takes the output of a shard.
    package func take(_ done: WireShardDone, output: [UInt8], now: Int64) throws {
        let run = done.key.run
        guard let taken = runs[run]?.take(done, output: output) else { return }
        switch taken {
        case .passedOver: return
        case .hopeless(let reason): return try fail(run, reason: reason)
        case .again(let reason): logger.warning("run \(run), shard \(done.key.shard): \(reason); asking again")
        case .counted(let shard):
            try ledger.record([shard], step: nil, progress: runs[run]?.progress ?? 0, of: run, fence: fence)
        }
        if let shards = runs[run]?.newRequests() { ask(shards) }
        try endIfComplete(run, now: now)
    }

    private func begin(_ record: RunRecord, now: Int64) throws {
        do {
            let plan = try planner.plan(record)
            var run = ActiveRun(record, work: plan.work, clipCount: plan.clipCount, now: now)
            ask(run.newRequests())
            runs[record.run] = run
            logger.info(
                "run \(record.run): \(record.request.kind.rawValue) \(record.request.model) on \(record.request.dataset)"
            )
            try endIfComplete(record.run, now: now)
        } catch let failure as RunFailure {
            try fail(record.run, reason: failure.description)
        }
    }

    private func endIfComplete(_ number: Int64, now: Int64) throws {
        guard let run = runs[number], run.isComplete else { return }
        do {
            switch try run.finish() {
            case .model(let model): try store(model, of: run, now: now)
            case .evaluation(let result): try store(result, of: run)
            }
            forget(number)
            logger.info("run \(number) is done")
        } catch let failure as RunFailure {
            try fail(number, reason: failure.description)
        }
    }

    private func store(_ model: TrainedModel, of run: ActiveRun, now: Int64) throws {
        model.notices.forEach { logger.warning("run \(run.record.run): \($0)") }
        let clipsPerSecond = run.clipsPerSecond(now: now)
        let step = StepRecord(
            step: 1, loss: nil, learningRate: nil, weightsHash: model.weightsHash, clipsPerSecond: clipsPerSecond)
        try ledger.record([], step: step, progress: 1, of: run.record.run, fence: fence)
        let draft = ModelDraft(
            kind: model.kind, file: model.file, weightsHash: model.weightsHash, feature: model.feature.record,
            dataset: run.record.request.dataset, machines: model.machines)
        _ = try ledger.complete(run.record.run, model: draft, clipsPerSecond: clipsPerSecond, fence: fence)
    }

    private func store(_ result: EvaluationResult, of run: ActiveRun) throws {
        result.notices.forEach { logger.warning("run \(run.record.run): \($0)") }
        let draft = EvaluationDraft(
            modelVersion: run.record.request.model, dataset: run.record.request.dataset,
            clips: result.clips.map {
                EvaluatedClip(
                    path: $0.clip.name, machine: $0.clip.machine, isAnomaly: $0.isAnomaly, score: $0.score.score,
                    logOdds: $0.score.logOdds, neighbourDistance: $0.score.neighbourDistance,
                    verdict: $0.score.isAnomalous ? "anomalous" : "normal")
            },
            machines: result.report.machines.map {
                MachineEvaluation(
                    machine: $0.name, auc: $0.auc, pauc: $0.pauc, aucInterval: $0.aucInterval,
                    paucInterval: $0.paucInterval, normalCount: $0.normalCount, anomalousCount: $0.anomalousCount)
            })
        try ledger.complete(run.record.run, evaluation: draft, fence: fence)
    }

    private func fail(_ run: Int64, reason: String) throws {
        forget(run)
        try ledger.fail(run, reason: reason, fence: fence)
        logger.error("run \(run) failed: \(reason)")
    }

    private func forget(_ run: Int64) {
        guard runs.removeValue(forKey: run) != nil else { return }
        send(.forgetShards(.with { $0.run = run }))
    }

    private func ask(_ shards: [WireShardWork]) {
        guard !shards.isEmpty else { return }
        send(.askShards(.with { $0.shards = shards }))
    }
}
