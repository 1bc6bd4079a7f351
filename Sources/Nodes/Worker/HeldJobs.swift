internal import SwiftProtobuf
package import Wire

/// What a worker has in hand: every job from its DISPATCH until its result is acknowledged. A value: the worker's
/// threads share it under a lock.
///
/// A job is `waiting`, becomes `running` when the compute thread takes it, then `finished`, and is forgotten on
/// RESULT_ACK. A cancelled job is forgotten at once, unless it runs: then it is `abandoned` until its computation returns,
/// which is dropped.
package struct HeldJobs: Sendable {
    package struct Finished: Sendable {
        package var result: WireResult
        package var payload: [UInt8]
    }

    private enum State: Sendable {
        case waiting(WireDispatch, payload: [UInt8])
        case running(progress: UInt64)
        case finished(Finished)
        /// It still keeps the compute thread; the time is when it was cancelled, in milliseconds of the steady clock.
        case abandoned(progress: UInt64, since: Int64)
    }

    private struct Entry: Sendable {
        var job: Int64
        var shard: WireShardKey?
        var state: State
    }

    private var entries: [UInt64: Entry] = [:]
    /// Tokens of waiting jobs, oldest first; those cancelled meanwhile are skipped.
    private var queue: [UInt64] = []

    package init() {}

    /// Nothing is in hand that anybody wants.
    package var isEmpty: Bool {
        entries.values.allSatisfy { if case .abandoned = $0.state { true } else { false } }
    }

    /// Whether a cancelled job has kept the compute thread for longer than that.
    package func isStuck(now: Int64, patience: Int64) -> Bool {
        entries.values.contains { entry in
            if case .abandoned(_, let since) = entry.state { now - since > patience } else { false }
        }
    }

    /// Takes a job in; one already held is left as it is.
    package mutating func take(_ dispatch: WireDispatch, payload: [UInt8]) {
        guard entries[dispatch.token] == nil else { return }
        var shard: WireShardKey?
        if case .shard(let work)? = dispatch.work { shard = work.key }
        entries[dispatch.token] = Entry(
            job: dispatch.job, shard: shard, state: .waiting(dispatch, payload: payload))
        queue.append(dispatch.token)
    }

    /// The oldest waiting job, which runs from now on; nil when none waits.
    package mutating func begin() -> (dispatch: WireDispatch, payload: [UInt8])? {
        while !queue.isEmpty {
            let token = queue.removeFirst()
            guard case .waiting(let dispatch, let payload)? = entries[token]?.state else { continue }
            entries[token]?.state = .running(progress: 1)
            return (dispatch, payload)
        }
        return nil
    }

    /// The shard that will be computed after the running job.
    package var next: WireShardWork? {
        for token in queue {
            guard case .waiting(let dispatch, _)? = entries[token]?.state else { continue }
            if case .shard(let work)? = dispatch.work { return work }
            return nil
        }
        return nil
    }

    /// The oldest waiting clip, which runs from now on; nil when none waits.
    package mutating func beginClip() -> (dispatch: WireDispatch, payload: [UInt8])? {
        for (index, token) in queue.enumerated() {
            guard case .waiting(let dispatch, let payload)? = entries[token]?.state, case .score? = dispatch.work
            else { continue }
            queue.remove(at: index)
            entries[token]?.state = .running(progress: 1)
            return (dispatch, payload)
        }
        return nil
    }

    /// False once a job was cancelled.
    package func isRunning(_ token: UInt64) -> Bool {
        if case .running? = entries[token]?.state { true } else { false }
    }

    /// The running job has advanced.
    package mutating func advance(_ token: UInt64) {
        guard case .running(let progress)? = entries[token]?.state else { return }
        entries[token]?.state = .running(progress: progress + 1)
    }

    /// Keeps a result until it is acknowledged. False when the job was cancelled and nobody wants the result.
    package mutating func finish(_ result: WireResult, payload: [UInt8]) -> Bool {
        if case .abandoned? = entries[result.token]?.state { entries[result.token] = nil }
        guard case .running? = entries[result.token]?.state else { return false }
        entries[result.token]?.state = .finished(Finished(result: result, payload: payload))
        return true
    }

    /// The result is durable: forget the job.
    package mutating func release(_ token: UInt64) {
        entries[token] = nil
    }

    /// The lease is void.
    package mutating func cancel(_ token: UInt64, now: Int64) {
        switch entries[token]?.state {
        case .running(let progress): entries[token]?.state = .abandoned(progress: progress, since: now)
        case .abandoned: break
        case .waiting, .finished, nil: entries[token] = nil
        }
    }

    /// Ends the running job from outside, as its fault. Nil when it does not run any more, or nobody wants it.
    package mutating func giveUp(_ token: UInt64, _ error: WireError) -> WireResult? {
        guard case .running? = entries[token]?.state, let job = entries[token]?.job else { return nil }
        let result = WireResult.with {
            $0.token = token
            $0.job = job
            $0.failure = .with {
                $0.code = error.code.rawValue
                $0.reason = error.reason
                $0.permanent = error.code.retry != .later
            }
        }
        entries[token]?.state = .finished(Finished(result: result, payload: []))
        return result
    }

    /// Whether the job is in hand.
    package func holds(_ token: UInt64) -> Bool { entries[token] != nil }

    /// Results without acknowledgement: sent again to a broker that has just welcomed us.
    package var unacknowledged: [Finished] {
        entries.sorted { $0.key < $1.key }.compactMap { _, entry in
            if case .finished(let finished) = entry.state { finished } else { nil }
        }
    }

    /// What HELLO tells a broker that may have forgotten us.
    package var inventory: [WireHeldLease] {
        entries.sorted { $0.key < $1.key }.compactMap { token, entry in
            if case .abandoned = entry.state { return nil }
            return .with {
                $0.token = token
                $0.job = entry.job
                if let shard = entry.shard { $0.shard = shard }
                if case .finished = entry.state { $0.finished = true }
            }
        }
    }

    /// What HEARTBEAT tells: 0 for a job that waits, more for one that runs.
    package var progress: [WireProgress] {
        entries.sorted { $0.key < $1.key }.compactMap { token, entry in
            switch entry.state {
            case .waiting: WireProgress.with { $0.token = token }
            case .running(let counter), .abandoned(let counter, _):
                WireProgress.with {
                    $0.token = token
                    $0.counter = counter
                }
            case .finished: nil
            }
        }
    }
}
