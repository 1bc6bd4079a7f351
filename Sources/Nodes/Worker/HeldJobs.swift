internal import SwiftProtobuf
package import Wire

/// What a worker has in hand: every job from its DISPATCH until its result is acknowledged. A value: the worker's
/// threads share it under a lock.
///
/// A job is `waiting`, becomes `running` when the compute thread takes it, then `finished`, and is forgotten on
/// RESULT_ACK. A cancelled job is forgotten at once; what its computation returns is dropped.
package struct HeldJobs: Sendable {
    package struct Finished: Sendable {
        package var result: WireResult
        package var payload: [UInt8]
    }

    private enum State: Sendable {
        case waiting(WireDispatch, payload: [UInt8])
        case running(progress: UInt64)
        case finished(Finished)
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

    package var isEmpty: Bool { entries.isEmpty }

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
        guard case .running? = entries[result.token]?.state else { return false }
        entries[result.token]?.state = .finished(Finished(result: result, payload: payload))
        return true
    }

    /// The result is durable, or the lease void: forget the job.
    package mutating func release(_ token: UInt64) {
        entries[token] = nil
    }

    /// Results without acknowledgement: sent again to a broker that has just welcomed us.
    package var unacknowledged: [Finished] {
        entries.sorted { $0.key < $1.key }.compactMap { _, entry in
            if case .finished(let finished) = entry.state { finished } else { nil }
        }
    }

    /// What HELLO tells a broker that may have forgotten us.
    package var inventory: [WireHeldLease] {
        entries.sorted { $0.key < $1.key }.map { token, entry in
            .with {
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
            case .running(let counter):
                WireProgress.with {
                    $0.token = token
                    $0.counter = counter
                }
            case .finished: nil
            }
        }
    }
}
