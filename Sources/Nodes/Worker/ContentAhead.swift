internal import Messaging
internal import Plant
internal import Synchronization
internal import Training
internal import Wire

/// Fetches the clips of a worker's next shard while the present one is computed, on a thread of its own.
///
/// What cannot be fetched here is fetched, and told of, when the shard is computed.
final class ContentAhead: Sendable {
    private enum Event: Sendable {
        case shard(WireShardWork)
        case stop
    }

    /// Bytes held for the next shard.
    private static let byteLimit = 64 << 20

    private let mailbox: Mailbox<Event>
    private let thread: NodeThread
    private let fetched: FetchedContent

    /// - Parameters:
    ///   - fetch: blocks until the broker has sent the content.
    ///   - features: makes the store of decoded clips, on this thread.
    init(
        fetch: @escaping @Sendable (ContentHash) throws -> [UInt8],
        features: @escaping @Sendable () throws -> any FeatureStore
    ) throws {
        let (mailbox, fetched) = (try Mailbox<Event>(), FetchedContent(byteLimit: Self.byteLimit))
        (thread, _) = try NodeThread.start("ahead") {
            let worker = ShardWorker(store: try features())
            return (
                (),
                {
                    while true {
                        // Of several shards only the last is still ahead.
                        var next: WireShardWork?
                        for event in mailbox.waitAndDrain() {
                            guard case .shard(let work) = event else { return }
                            next = work
                        }
                        guard let next else { continue }
                        let ahead = worker.clipsAhead(kind: next.kind, specification: [UInt8](next.specification))
                        for hash in ahead where !fetched.has(hash) {
                            guard let bytes = try? fetch(hash) else { break }
                            fetched.keep(hash, bytes)
                        }
                    }
                }
            )
        }
        (self.mailbox, self.fetched) = (mailbox, fetched)
    }

    /// This shard will be computed next.
    func expect(_ work: WireShardWork) { mailbox.post(.shard(work)) }

    /// What was fetched ahead, once.
    func take(_ hash: ContentHash) -> [UInt8]? { fetched.take(hash) }

    func stop() throws {
        mailbox.post(.stop)
        try thread.join()
    }
}

/// Content that waits for the shard that needs it.
private final class FetchedContent: Sendable {
    private let cache: Mutex<ContentCache>

    init(byteLimit: Int) { cache = Mutex(ContentCache(byteLimit: byteLimit)) }

    func has(_ hash: ContentHash) -> Bool { cache.withLock { $0[hash] != nil } }

    func keep(_ hash: ContentHash, _ bytes: [UInt8]) { cache.withLock { $0[hash] = bytes } }

    func take(_ hash: ContentHash) -> [UInt8]? {
        cache.withLock { cache in
            defer { cache[hash] = nil }
            return cache[hash]
        }
    }
}
