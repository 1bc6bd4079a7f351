internal import Detection
internal import Files
package import Ledger
package import Logging
package import Plant
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

    let ledger: any Ledgers
    private let plan: (RunRecord) throws -> RunPlanner.Plan
    let fence: Int64
    /// Nil on a host that keeps none.
    let journal: StepJournal?
    private let broker: BrokerAccess
    let logger: Logger
    private var runs: [Int64: ActiveRun] = [:]
    /// When to look for machines to learn.
    private var learnsAt: Int64 = 0
    private static let learningInterval: Int64 = 2_000

    /// Raises the fence: an earlier coordinator's writes fail from now on.
    ///
    /// - Parameters:
    ///   - holder: who this is, for people who read the fence's row.
    ///   - journal: directory of what spares a successor on this host computing steps again.
    ///   - plan: turns a run's row into its work; as the ledger's datasets and models say, unless given.
    package init(
        ledger: any Ledgers, holder: String, broker: BrokerAccess, journal: String?,
        logger: Logger = Logger(label: "auscult.coordinator"), plan: ((RunRecord) throws -> RunPlanner.Plan)? = nil
    ) throws {
        self.journal = try journal.map { path throws(FileError) in try StepJournal(directory: path) }
        self.ledger = ledger
        self.broker = broker
        self.plan = plan ?? { try RunPlanner(ledger: ledger).plan($0) }
        self.logger = logger
        fence = try ledger.openFence(holder: holder)
    }

    /// How the coordinator reaches the broker.
    package struct BrokerAccess {
        /// Hands over a message; may be called at any time.
        package var send: (WireMessage) -> Void
        /// Blocks until the broker holds the bytes in memory.
        package var put: (ContentHash, [UInt8]) throws -> Void

        package init(
            send: @escaping (WireMessage) -> Void, put: @escaping (ContentHash, [UInt8]) throws -> Void
        ) {
            (self.send, self.put) = (send, put)
        }
    }

    package var isIdle: Bool { runs.isEmpty }

    /// Looks for runs to begin and runs to stop.
    package func lookForWork(now: Int64) throws {
        if now >= learnsAt {
            learnsAt = now + Self.learningInterval
            for machine in try ledger.beginLearning(LearningNeed(), fence: fence) {
                logger.info("\(machine) is unknown and enough of its clips wait: it is learned")
            }
        }
        while let record = try ledger.claimRun(fence: fence) { try begin(record, now: now) }
        guard !runs.isEmpty else { return }
        for run in try ledger.cancelledRuns(fence: fence) {
            forget(run)
            try ledger.confirmCancel(of: run, fence: fence)
            logger.info("run \(run) was cancelled")
        }
        for run in try ledger.pausedRuns(fence: fence) {
            if var active = runs[run] { try keep(&active, now: now) }
            forget(run)
            try ledger.confirmPause(of: run, fence: fence)
            logger.info("run \(run) is paused")
        }
        try inTurn { run in
            for taken in runs[run]?.heedOverdue(now: now) ?? [] { try heed(taken, run) }
            try goOn(run, now: now)
        }
    }

    /// The broker has welcomed us, perhaps a new one that knows nothing: ask for everything that is missing.
    package func askAgain(now: Int64) throws {
        try inTurn { run in
            runs[run]?.forgetRequests(now: now)
            try goOn(run, now: now)
        }
    }

    /// Does something with every run; what fails with one of them holds up no other, and the first failure is told.
    private func inTurn(_ body: (Int64) throws -> Void) throws {
        var failure: (any Error)?
        for run in runs.keys.sorted() {
            do { try body(run) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    /// Takes the output of a shard.
    package func take(_ done: WireShardDone, output: [UInt8], now: Int64) throws {
        let run = done.key.run
        guard let taken = runs[run]?.take(done, output: output, now: now) else { return }
        try heed(taken, run)
        try goOn(run, now: now)
    }

    private func heed(_ taken: ActiveRun.Taken, _ run: Int64) throws {
        switch taken {
        case .counted, .passedOver: break
        case .again(let reason): logger.warning("run \(run): \(reason)")
        case .hopeless(let reason): try fail(run, reason: reason)
        }
    }

    private func begin(_ record: RunRecord, now: Int64) throws {
        do {
            let plan = try plan(record)
            var run = ActiveRun(record, work: plan.work, clipCount: plan.clipCount, now: now)
            try restore(&run, now: now)
            runs[record.run] = run
            logger.info(
                "run \(record.run): \(record.request.kind.rawValue) \(record.request.model) on \(record.request.dataset)"
            )
            try goOn(record.run, now: now)
        } catch let failure as RunFailure {
            try fail(record.run, reason: failure.description)
        }
    }

    /// Records what has come back, then asks for what follows from it: never the other way round.
    ///
    /// What fails for want of the database or the broker is tried again with the next event.
    private func goOn(_ number: Int64, now: Int64) throws {
        do {
            try recordNews(of: number, now: now)
        } catch let error as LedgerError where error.code == .refused {
            return try fail(number, reason: error.description)
        }
        if let missing = runs[number]?.missingProvisions, !missing.isEmpty {
            for provision in missing { try broker.put(provision.hash, provision.bytes()) }
            runs[number]?.brokerHoldsProvisions()
            FaultPoint.provided.reach()
        }
        if let shards = runs[number]?.newRequests(now: now), !shards.isEmpty {
            broker.send(.askShards(.with { $0.shards = shards }))
            FaultPoint.asked.reach()
        }
        try endIfComplete(number, now: now)
    }

    private func recordNews(of number: Int64, now: Int64) throws {
        while var run = runs[number], run.milestone != nil || !run.unrecorded.isEmpty {
            var step: StepRecord?
            if case .step(let done)? = run.milestone {
                FaultPoint.folded.reach()
                journal(done, of: number)
                FaultPoint.journaled.reach()
                step = StepRecord(
                    step: done.number, loss: done.loss, learningRate: done.learningRate, weightsHash: done.after,
                    clipsPerSecond: run.rate(of: done, now: now), hashBefore: done.before,
                    isSkipped: done.change == nil)
            }
            let shards = run.unrecorded
            try ledger.record(shards, step: step, progress: run.progress, of: number, fence: fence)
            if step != nil { FaultPoint.committed.reach() }
            if case .validated(let step, let loss)? = run.milestone {
                try ledger.recordValidation(loss: loss, step: step, of: number, fence: fence)
            }
            run.recorded(shards: shards.count, milestone: run.milestone != nil)
            if run.isCheckpointDue(now: now) { try keep(&run, now: now) }
            runs[number] = run
        }
    }

    private func endIfComplete(_ number: Int64, now: Int64) throws {
        guard let run = runs[number], run.isComplete else { return }
        do {
            switch try run.finish() {
            case .model(let model):
                FaultPoint.finished.reach()
                try store(model, of: run, now: now)
                FaultPoint.stored.reach()
            case .evaluation(let result): try store(result, of: run)
            }
            forget(number)
            journal?.clear(number)
            logger.info("run \(number) is done")
        } catch let failure as RunFailure {
            try fail(number, reason: failure.description)
        }
    }

    private func store(_ model: TrainedModel, of run: ActiveRun, now: Int64) throws {
        try record(model.leftOut, of: run)
        let clipsPerSecond = run.clipsPerSecond(now: now)
        if !run.hasSteps {
            let step = StepRecord(
                step: 1, loss: nil, learningRate: nil, weightsHash: model.weightsHash, clipsPerSecond: clipsPerSecond)
            try ledger.record([], step: step, progress: 1, of: run.record.run, fence: fence)
        }
        let draft = ModelDraft(
            kind: model.kind, file: model.file, weightsHash: model.weightsHash, feature: model.feature.record,
            dataset: run.record.request.dataset, machines: model.machines,
            metadata: model.enrolment.map { EnrolmentRecord($0).json } ?? "{}")
        _ = try ledger.complete(
            run.record.run, model: draft, promoting: model.enrolment?.isFit == true, clipsPerSecond: clipsPerSecond,
            fence: fence)
    }

    private func store(_ result: EvaluationResult, of run: ActiveRun) throws {
        try record(result.leftOut, of: run)
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

    private func record(_ leftOut: [LeftOut], of run: ActiveRun) throws {
        for item in leftOut { logger.warning("run \(run.record.run) does without: \(item.reason)") }
        try ledger.record(leftOut, of: run.record.run, fence: fence)
    }

    private func fail(_ run: Int64, reason: String) throws {
        forget(run)
        try ledger.fail(run, reason: reason, fence: fence)
        logger.error("run \(run) failed: \(reason)")
    }

    private func forget(_ run: Int64) {
        guard runs.removeValue(forKey: run) != nil else { return }
        broker.send(.forgetShards(.with { $0.run = run }))
    }
}
