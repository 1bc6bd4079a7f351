internal import FoundationEssentials
internal import Glibc
internal import Logging
package import Messaging
internal import Plant
internal import SwiftProtobuf
internal import Synchronization
internal import Training
internal import Wire

/// A worker: takes jobs from the broker and computes them, one after the other.
///
/// Two threads: the link's, which talks to the broker and cannot be starved by mathematics, and the compute thread.
/// They share the jobs in hand. A job is kept until its result is acknowledged, and told to every broker that welcomes
/// us, so that neither a broker's nor a connection's end loses what was computed.
package final class WorkerNode: Sendable {
    package struct Configuration: Sendable {
        /// The broker, and its standby where there is one.
        package var endpoints: [Endpoint]
        package var security: Security
        /// Unique in the cluster and the same after a restart.
        package var name: String
        /// Jobs to have in hand: one is computed, the others wait so that it never pauses.
        package var credits: UInt32
        /// Clips of datasets kept for the next shard.
        package var cacheBytes: Int
        /// Where decoded clips are kept, by all workers of this host; nil keeps some in memory.
        package var featureDirectory: String?
        /// How large it may grow, bytes.
        package var featureBytes: Int64
        /// How much of a network's activations is kept from one phase of a training step to the next; nil for half of the
        /// host's memory, shared by as many workers as it has cores.
        package var activationBytes: Int?
        package var limits = WorkerLimits()

        package init(
            endpoints: [Endpoint], security: Security = .plain, name: String, credits: UInt32 = 4,
            cacheBytes: Int = 512 << 20, featureDirectory: String? = nil, featureBytes: Int64 = 8 << 30,
            activationBytes: Int? = nil
        ) {
            self.endpoints = endpoints
            self.security = security
            self.name = name
            self.credits = credits
            self.cacheBytes = cacheBytes
            self.featureDirectory = featureDirectory
            self.featureBytes = featureBytes
            self.activationBytes = activationBytes
        }

        fileprivate static var shareOfMemory: Int {
            let host = ProcessInfo.processInfo
            return Int(host.physicalMemory / 2) / max(host.processorCount, 1)
        }
    }

    /// How long a job waits for content; the link asks again by itself when the broker was restarted meanwhile.
    private static let fetchTimeout = Duration.seconds(60)
    /// How long a goodbye waits for the acknowledgement of a last result.
    private static let acknowledgementMilliseconds: Int64 = 10_000

    private let held: HeldJobsLock
    private let drain: Drain
    private let link: PeerLink
    private let compute: ComputeThread
    private let watch: ComputeWatch

    /// Starts both threads; the link goes on trying until a broker welcomes it.
    ///
    /// - Parameters:
    ///   - welcomed: called on the link's thread at each welcome.
    ///   - drainOrdered: called there when an operator has the broker drain us: `finish` is due.
    ///   - hung: called when the compute thread is lost to a job, after goodbye: the process should end, and another be
    ///     started in its place. What waited behind that job goes elsewhere and is not charged with it.
    package init(
        _ configuration: Configuration, welcomed: @escaping @Sendable () -> Void,
        drainOrdered: @escaping @Sendable () -> Void = {}, hung: @escaping @Sendable (String) -> Void
    ) throws {
        let held = HeldJobsLock()
        let drain = try Drain()
        let jobs = try Mailbox<ComputeThread.Event>()
        let credits = configuration.credits
        let link = try PeerLink.open(
            .init(
                identity: .init(role: .worker, name: configuration.name), endpoints: configuration.endpoints,
                security: configuration.security,
                logger: Logger(label: "auscult.worker"),
                report: {
                    held.withLock { held in
                        PeerReport(
                            credits: credits, held: held.inventory, progress: held.progress,
                            draining: drain.isRequested)
                    }
                })
        ) { event in
            Self.take(event, held: held, jobs: jobs, drain: drain)
            switch event {
            case .welcomed: welcomed()
            case .message(.drain, _): drainOrdered()
            default: break
            }
        }
        watch = try ComputeWatch()
        compute = try ComputeThread(
            mailbox: jobs, held: held,
            connection: .init(
                fetch: { hash in
                    let request = WireMessage.fetch(.with { $0.sha256 = Data(hash.bytes) })
                    let bytes = try link.request(request, timeout: Self.fetchTimeout).payload.joined()
                    guard ContentHash(of: bytes) == hash else {
                        throw WireError(.wrongSHA256, "the content \(hash) arrived with other bytes")
                    }
                    return bytes
                },
                report: { result, output in link.send(.result(result), payload: Frame.payload(output)) }),
            watch: watch, cacheBytes: configuration.cacheBytes,
            activationBytes: configuration.activationBytes ?? Configuration.shareOfMemory,
            features: {
                guard let directory = configuration.featureDirectory else { return MemoryFeatureStore() }
                return try FeatureCache(directory: directory, byteLimit: configuration.featureBytes)
            })
        (self.held, self.drain, self.link) = (held, drain, link)
        try watch.start(configuration.limits, held: held) { trouble in
            hung(Self.abandon(trouble, held: held, link: link))
        }
    }

    /// Gives the compute thread up: tells the broker whose fault it is, if it is a clip's, and says goodbye. Returns what
    /// to tell people.
    private static func abandon(_ trouble: ComputeWatch.Trouble, held: HeldJobsLock, link: PeerLink) -> String {
        var reason = "a job goes on and on after it was cancelled"
        if case .tooCostly(let token, let error) = trouble {
            reason = error.reason
            let result = held.withLock { $0.giveUp(token, error) }
            if let result { link.send(.result(result)) }
            // Before that is acknowledged, a goodbye would put the clip back in line as if nothing had happened.
            let deadline = SteadyClock.milliseconds + acknowledgementMilliseconds
            while held.withLock({ $0.holds(token) }), SteadyClock.milliseconds < deadline { usleep(10_000) }
        }
        do {
            try link.close(reason: reason)
        } catch {
            Logger(label: "auscult.worker").warning("\(error)")
        }
        return reason
    }

    /// Finishes what is in hand, takes nothing new, says goodbye, and ends. Blocks until then.
    package func finish() throws {
        drain.request(held)
        link.beat()
        drain.waitUntilEmpty()
        try link.close(reason: "drained")
        try compute.stop()
        try watch.stop()
    }

    private static func take(
        _ event: PeerEvent, held: HeldJobsLock, jobs: Mailbox<ComputeThread.Event>, drain: Drain
    ) {
        switch event {
        case .welcomed: jobs.post(.welcomed)
        case .message(.dispatch(let dispatch), let payload):
            held.withLock { $0.take(dispatch, payload: payload.joined()) }
            jobs.post(.jobs)
        case .message(.resultAck(let acknowledgement), _):
            held.withLock { $0.release(acknowledgement.token) }
            drain.note(held)
        case .message(.cancel(let cancel), _):
            held.withLock { $0.cancel(cancel.token, now: SteadyClock.milliseconds) }
            drain.note(held)
        case .message(.drain, _): drain.request(held)
        case .message, .lost, .ended: break
        }
    }
}

/// Whether the worker is to take no more jobs, and the moment when it has none left.
private final class Drain: Sendable {
    private let requested = Mutex(false)
    private let empty: WakeSignal

    init() throws(MessagingError) { empty = try WakeSignal() }

    var isRequested: Bool { requested.withLock { $0 } }

    func request(_ held: HeldJobsLock) {
        requested.withLock { $0 = true }
        note(held)
    }

    /// A job has left the worker's hand.
    func note(_ held: HeldJobsLock) {
        if isRequested, held.withLock({ $0.isEmpty }) { empty.raise() }
    }

    func waitUntilEmpty() { empty.wait() }
}

extension [Frame] {
    /// The bytes of all frames, one after the other.
    func joined() -> [UInt8] { flatMap { $0.withUnsafeBytes { [UInt8]($0) } } }
}
