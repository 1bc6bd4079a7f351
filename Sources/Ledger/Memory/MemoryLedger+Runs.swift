package import Plant
internal import Synchronization

extension MemoryLedger: RunLedger {
    package func submit(_ request: RunRequest) throws -> Int64 {
        try state.withLock { state in
            guard let dataset = state.storedName(ofDataset: request.dataset) else {
                throw LedgerError.unknown(dataset: request.dataset)
            }
            var request = request
            request.dataset = dataset
            if request.kind == .evaluate, !state.models.contains(where: { $0.record.version == request.model }) {
                throw LedgerError.unknown(model: request.model)
            }
            let run = Int64(state.runs.count) + 1
            state.runs.append(
                Run(
                    record: RunRecord(
                        run: run, request: request, state: .queued, progress: 0, steps: 0, clipsPerSecond: nil,
                        reason: nil, isCancelRequested: false,
                        modelVersion: nil, weightsHash: nil, submittedAt: now(), startedAt: nil, finishedAt: nil)))
            state.signals[.runSubmitted] = true
            return run
        }
    }

    package func run(_ run: Int64) throws -> RunRecord? {
        state.withLock { state in state.index(of: run).map { state.runs[$0].record } }
    }

    package func runs(limit: Int) throws -> [RunRecord] {
        state.withLock { state in state.runs.suffix(limit).reversed().map(\.record) }
    }

    package func steps(of run: Int64, after step: Int) throws -> [StepRecord] {
        state.withLock { state in
            guard let index = state.index(of: run) else { return [] }
            return state.runs[index].steps.filter { $0.step > step }.sorted { $0.step < $1.step }
        }
    }

    package func cancel(_ run: Int64) throws -> RunRecord.State {
        try state.withLock { state in
            guard let index = state.index(of: run) else { throw LedgerError.unknown(run: run) }
            switch state.runs[index].record.state {
            case .queued, .paused: state.end(index, as: .cancelled, at: now())
            case .running:
                state.runs[index].record.isCancelRequested = true
                state.signals[.runCancelled] = true
            case .done, .failed, .cancelled: break
            }
            return state.runs[index].record.state
        }
    }

    /// Clips that wait for a model go on waiting here.
    package func beginLearning(_ need: LearningNeed, fence: Int64) throws -> [MachineName] {
        try state.withLock { try $0.checkFence(fence) }
        return []
    }

    package func openFence(holder: String) throws -> Int64 {
        state.withLock { state in
            state.fence += 1
            state.fenceHolder = holder
            return state.fence
        }
    }

    package func claimRun(fence: Int64) throws -> RunRecord? {
        try state.withLock { state in
            try state.checkFence(fence)
            let left = state.runs.firstIndex { $0.record.state == .running && $0.fence < fence }
            guard let index = left ?? state.runs.firstIndex(where: { $0.record.state == .queued }) else { return nil }
            state.runs[index].fence = fence
            state.runs[index].record.state = .running
            if left == nil { state.runs[index].record.startedAt = now() }
            return state.runs[index].record
        }
    }

    package func cancelledRuns(fence: Int64) throws -> [Int64] {
        state.withLock { state in
            state.runs.filter {
                $0.record.state == .running && $0.fence == fence && $0.record.isCancelRequested
            }.map(\.record.run)
        }
    }

    package func record(
        _ shards: [ShardRecord], step: StepRecord?, progress: Double, of run: Int64, fence: Int64
    ) throws {
        try withRunning(run, fence) { state, index in
            for shard in shards {
                let known = state.runs[index].shards[ShardKey(shard)] ?? shard
                guard known.outputHash == shard.outputHash else { throw LedgerError.changed(shard: shard, run: run) }
            }
            let known = state.runs[index].steps.first { $0.step == step?.step }
            if let known, let step, known.weightsHash != step.weightsHash {
                throw LedgerError.changed(step: step.step, run: run)
            }
            state.runs[index].shards.merge(shards.map { (ShardKey($0), $0) }) { first, _ in first }
            if let step, known == nil { state.runs[index].steps.append(step) }
            state.runs[index].record.steps = state.runs[index].steps.count
            state.runs[index].record.progress = progress
        }
    }

    package func complete(
        _ run: Int64, model: ModelDraft, promoting: Bool, clipsPerSecond: Double, fence: Int64
    ) throws -> ModelRecord {
        try state.withLock { state in
            try state.checkFence(fence)
            if let stored = state.models.first(where: { $0.record.run == run }) { return stored.record }
            let index = try state.runningIndex(of: run, fence)
            let stored = try state.store(model, run: run, at: now())
            state.runs[index].record.modelVersion = stored.version
            state.runs[index].record.weightsHash = stored.weightsHash
            state.runs[index].record.clipsPerSecond = clipsPerSecond
            state.end(index, as: .done, at: now())
            if promoting {
                _ = state.change(stored.machines) { stack in
                    if stack.last != stored.version { stack.append(stored.version) }
                }
            }
            return stored
        }
    }

    package func complete(_ run: Int64, evaluation: EvaluationDraft, fence: Int64) throws {
        try state.withLock { state in
            try state.checkFence(fence)
            if let index = state.index(of: run), state.runs[index].record.state == .done { return }
            let index = try state.runningIndex(of: run, fence)
            guard let model = state.models.first(where: { $0.record.version == evaluation.modelVersion })?.record else {
                throw LedgerError.unknown(model: evaluation.modelVersion)
            }
            state.evaluations.append(evaluation)
            state.runs[index].record.modelVersion = model.version
            state.runs[index].record.weightsHash = model.weightsHash
            state.end(index, as: .done, at: now())
        }
    }

    package func fail(_ run: Int64, reason: String, fence: Int64) throws {
        try withRunning(run, fence) { state, index in
            state.runs[index].record.reason = reason
            state.end(index, as: .failed, at: now())
        }
    }

    package func confirmCancel(of run: Int64, fence: Int64) throws {
        try withRunning(run, fence) { state, index in state.end(index, as: .cancelled, at: now()) }
    }

    private func withRunning(_ run: Int64, _ fence: Int64, _ body: (inout State, Int) throws -> Void) throws {
        try state.withLock { state in
            try state.checkFence(fence)
            let index = try state.runningIndex(of: run, fence)
            try body(&state, index)
        }
    }
}

extension MemoryLedger.ShardKey {
    fileprivate init(_ record: ShardRecord) {
        self.init(step: record.step, phase: record.phase, shard: record.shard)
    }
}

extension MemoryLedger.State {
    func index(of run: Int64) -> Int? {
        runs.indices.contains(Int(run) - 1) ? Int(run) - 1 : nil
    }

    func runningIndex(of run: Int64, _ fence: Int64) throws -> Int {
        guard let index = index(of: run) else { throw LedgerError.unknown(run: run) }
        guard runs[index].record.state == .running, runs[index].fence == fence else {
            throw LedgerError.notRunning(run: run)
        }
        return index
    }

    fileprivate mutating func end(_ index: Int, as ending: RunRecord.State, at time: Int64) {
        runs[index].record.state = ending
        runs[index].record.finishedAt = time
        if ending == .done { runs[index].record.progress = 1 }
    }
}
