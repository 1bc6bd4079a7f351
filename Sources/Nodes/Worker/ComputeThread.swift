internal import FoundationEssentials
internal import Messaging
internal import Plant
internal import SwiftProtobuf
internal import Synchronization
internal import Training
internal import Wire

/// The computing half of a worker: one thread that takes one job after the other, so that the other half, which talks to
/// the broker, never waits for mathematics.
final class ComputeThread: Sendable {
    /// What the connection tells the thread.
    enum Event: Sendable {
        /// Look at the jobs in hand.
        case jobs
        /// A broker has welcomed us: report again what it has not acknowledged.
        case welcomed
        case stop
    }

    /// What the thread needs of the connection; called on the compute thread.
    struct Connection: Sendable {
        /// Blocks until the broker has sent the content.
        var fetch: @Sendable (ContentHash) throws -> [UInt8]
        var report: @Sendable (WireResult, [UInt8]) -> Void
    }

    private let mailbox: Mailbox<Event>
    private let thread: NodeThread
    private let ahead: ContentAhead

    /// - Parameters:
    ///   - mailbox: of which this thread becomes the owner.
    ///   - held: the worker's jobs, shared with the connection's thread.
    ///   - watch: told when foreign bytes are decoded.
    ///   - cacheBytes: how much content is kept for the next shard.
    ///   - activationBytes: how much of a network's activations is kept for the next phase of a step.
    ///   - features: makes the store of decoded clips, on this thread.
    init(
        mailbox: Mailbox<Event>, held: HeldJobsLock, connection: Connection, watch: ComputeWatch, cacheBytes: Int,
        activationBytes: Int, features: @escaping @Sendable () throws -> any FeatureStore
    ) throws {
        let ahead = try ContentAhead(fetch: connection.fetch, features: features)
        (thread, _) = try NodeThread.start("compute") {
            let loop = Loop(
                mailbox: mailbox, held: held, connection: connection, watch: watch, cacheBytes: cacheBytes,
                shards: ShardWorker(store: try features(), activationBytes: activationBytes), ahead: ahead)
            return ((), { loop.run() })
        }
        (self.mailbox, self.ahead) = (mailbox, ahead)
    }

    /// Ends the thread after the job it computes, and waits for it.
    func stop() throws {
        mailbox.post(.stop)
        try thread.join()
        try ahead.stop()
    }
}

/// The jobs in hand, shared by the compute thread and the connection's thread.
package final class HeldJobsLock: Sendable {
    private let jobs = Mutex(HeldJobs())

    package init() {}

    package func withLock<Result: Sendable>(_ body: (inout sending HeldJobs) -> sending Result) -> sending Result {
        jobs.withLock { body(&$0) }
    }
}

/// Everything the compute thread owns.
private final class Loop {
    private let mailbox: Mailbox<ComputeThread.Event>
    private let held: HeldJobsLock
    private let connection: ComputeThread.Connection
    private let watch: ComputeWatch
    private let clips = ClipScorer()
    private let shards: ShardWorker
    private var cache: ContentCache
    private let ahead: ContentAhead

    init(
        mailbox: Mailbox<ComputeThread.Event>, held: HeldJobsLock, connection: ComputeThread.Connection,
        watch: ComputeWatch, cacheBytes: Int, shards: ShardWorker, ahead: ContentAhead
    ) {
        self.ahead = ahead
        self.shards = shards
        self.mailbox = mailbox
        self.held = held
        self.connection = connection
        self.watch = watch
        cache = ContentCache(byteLimit: cacheBytes)
    }

    func run() {
        while true {
            for event in mailbox.drain() {
                switch event {
                case .jobs: break
                case .welcomed: reportAgain()
                case .stop: return
                }
            }
            if let (dispatch, payload) = held.withLock({ $0.begin() }) {
                if let next = held.withLock({ $0.next }) { ahead.expect(next) }
                compute(dispatch, payload: payload)
            } else {
                mailbox.signal.wait()
            }
        }
    }

    private func reportAgain() {
        for finished in held.withLock({ $0.unacknowledged }) { connection.report(finished.result, finished.payload) }
    }

    private func compute(_ dispatch: WireDispatch, payload: [UInt8]) {
        var result = WireResult.with {
            $0.token = dispatch.token
            $0.job = dispatch.job
        }
        var output: [UInt8] = []
        let begun = ContinuousClock.now
        do {
            switch dispatch.work {
            case .score(let work):
                result.score = try clips.score(
                    work, payload: payload, content: { try content($0, of: dispatch.token) },
                    decoding: { $0 ? watch.begin(dispatch.token, name: work.name) : watch.end() })
            case .shard(let work):
                output = try shards.output(
                    kind: work.kind, specification: [UInt8](work.specification),
                    pause: { try pause(dispatch.token) }
                ) {
                    held.withLock { $0.advance(dispatch.token) }
                    return try fetch($0)
                }
                FaultPoint.computed(work.kind)?.reach()
                result.shard = .with {
                    $0.key = work.key
                    $0.sha256 = Data(ContentHash(of: output).bytes)
                }
            case nil:
                throw WireError(.unknownWork, "the job asks for nothing this worker knows; update the worker")
            }
        } catch let error as WireError {
            result.failure = .with {
                $0.code = error.code.rawValue
                $0.reason = error.reason
                $0.permanent = error.code.retry != .later
            }
        } catch {
            result.failure = .with {
                $0.code = WireError.Code.computeFailed.rawValue
                $0.reason = "\(error)"
            }
        }
        result.computeMilliseconds = (ContinuousClock.now - begun) / .milliseconds(1)
        let (finished, produced) = (result, output)
        if held.withLock({ $0.finish(finished, payload: produced) }) { connection.report(finished, produced) }
    }

    /// Within a long shard: says that it advances, ends it when nobody wants it any more, and scores the clips that wait.
    private func pause(_ token: UInt64) throws {
        let isWanted = held.withLock { held in
            held.advance(token)
            return held.isRunning(token)
        }
        guard isWanted else { throw WireError(.cancelled, "the shard was cancelled") }
        while let (clip, payload) = held.withLock({ $0.beginClip() }) { compute(clip, payload: payload) }
    }

    /// Content from the broker; what it refuses keeps its number.
    private func fetch(_ hash: ContentHash) throws -> [UInt8] {
        if let bytes = ahead.take(hash) { return bytes }
        do {
            return try connection.fetch(hash)
        } catch let error as PeerError {
            guard case .refused(let code) = error.code else { throw error }
            throw WireError(code, error.description)
        }
    }

    /// Content by its hash, fetched from the broker unless it is at hand.
    private func content(_ hash: ContentHash, of token: UInt64) throws -> [UInt8] {
        held.withLock { $0.advance(token) }
        if let bytes = cache[hash] { return bytes }
        let bytes = try fetch(hash)
        cache[hash] = bytes
        return bytes
    }
}
