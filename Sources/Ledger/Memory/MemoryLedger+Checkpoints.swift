package import Plant
internal import Synchronization

extension MemoryLedger {
    package func record(_ leftOut: [LeftOut], of run: Int64, fence: Int64) throws {
        try state.withLock { state in
            try state.checkFence(fence)
            guard let index = state.index(of: run) else { throw LedgerError.unknown(run: run) }
            state.runs[index].leftOut = leftOut
        }
    }

    package func leftOut(of run: Int64) throws -> [LeftOut] {
        state.withLock { state in state.index(of: run).map { state.runs[$0].leftOut } ?? [] }
    }

    package func recordValidation(loss: Double, step: Int, of run: Int64, fence: Int64) throws {
        try state.withLock { state in
            try state.checkFence(fence)
            guard let index = state.index(of: run),
                let place = state.runs[index].steps.firstIndex(where: { $0.step == step })
            else { return }
            state.runs[index].steps[place].validationLoss = state.runs[index].steps[place].validationLoss ?? loss
        }
    }

    package func keep(_ checkpoint: CheckpointRecord, of run: Int64, fence: Int64) throws {
        try state.withLock { state in
            try state.checkFence(fence)
            guard let index = state.index(of: run) else { throw LedgerError.unknown(run: run) }
            state.runs[index].checkpoints.removeAll { $0.step == checkpoint.step }
            state.runs[index].checkpoints.append(checkpoint)
        }
    }

    package func checkpoint(of run: Int64) throws -> CheckpointRecord? {
        state.withLock { state in
            state.index(of: run).flatMap { state.runs[$0].checkpoints.max { $0.step < $1.step } }
        }
    }

    package func pausedRuns(fence: Int64) throws -> [Int64] {
        state.withLock { state in
            state.runs.filter { $0.record.state == .running && $0.fence == fence && $0.isPauseRequested }
                .map(\.record.run)
        }
    }

    package func confirmPause(of run: Int64, fence: Int64) throws {
        try state.withLock { state in
            try state.checkFence(fence)
            let index = try state.runningIndex(of: run, fence)
            state.runs[index].record.state = .paused
            state.runs[index].isPauseRequested = false
        }
    }

    package func pause(_ run: Int64) throws -> RunRecord.State {
        try state.withLock { state in
            guard let index = state.index(of: run) else { throw LedgerError.unknown(run: run) }
            switch state.runs[index].record.state {
            case .queued: state.runs[index].record.state = .paused
            case .running:
                state.runs[index].isPauseRequested = true
                state.signals[.runCancelled] = true
            case .paused, .done, .failed, .cancelled: break
            }
            return state.runs[index].record.state
        }
    }

    package func resume(_ run: Int64) throws {
        try state.withLock { state in
            guard let index = state.index(of: run) else { throw LedgerError.unknown(run: run) }
            let (standing, hasCheckpoint) = (state.runs[index].record.state, !state.runs[index].checkpoints.isEmpty)
            guard standing == .paused || ((standing == .failed || standing == .cancelled) && hasCheckpoint) else {
                throw LedgerError.notResumable(run: run)
            }
            state.runs[index].record.state = .queued
            state.runs[index].record.isCancelRequested = false
            state.runs[index].record.reason = nil
            state.runs[index].record.finishedAt = nil
            state.signals[.runSubmitted] = true
        }
    }

    package func fork(_ run: Int64, specification: String) throws -> Int64 {
        guard let origin = try self.run(run) else { throw LedgerError.unknown(run: run) }
        guard let checkpoint = try checkpoint(of: run) else { throw LedgerError.noCheckpoint(run: run) }
        var request = origin.request
        request.specification = specification
        let child = try submit(request)
        state.withLock { state in
            guard let index = state.index(of: child) else { return }
            state.runs[index].checkpoints = [checkpoint]
        }
        return child
    }
}
