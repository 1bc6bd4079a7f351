/// The limits and periods of one broker. Spans in microseconds.
package struct BrokerConfiguration: Sendable {
    /// How often every peer says that it lives.
    package var heartbeatInterval: Microseconds = 1_000_000
    /// A worker or coordinator that misses this many heartbeats is taken for dead.
    package var missedHeartbeats: Int64 = 3
    /// A gateway or operator silent for this long is forgotten; all it loses is its session.
    package var clientPatience: Microseconds = 60_000_000
    /// How long a restarted broker lets workers claim what they hold before it hands recovered clips to others; it waits
    /// on for the first worker, and then for as long as the others may take to notice that they have a new broker.
    package var adoptionWindow: Microseconds = 2_000_000
    /// A clip's job whose progress stands still for this long is hung.
    package var clipDeadline: Microseconds = 60_000_000
    /// A shard whose progress stands still for this long is hung.
    package var shardDeadline: Microseconds = 300_000_000
    /// How long a shard waits for the worker it prefers while another one is free.
    package var preferencePatience: Microseconds = 200_000

    /// Largest payload of one clip, bytes.
    package var payloadLimit = 64 << 20
    /// Payload of one peer that is not answered yet, bytes.
    package var creditBytes = 32 << 20
    /// Clip payloads the broker holds in memory, bytes; half of it is for clips that are not accepted yet.
    package var memoryBudget = 512 << 20
    /// Content by hash the broker holds in memory, bytes; the least recently used falls out.
    package var shelfBudget = 512 << 20
    /// Clips whose description is in memory; beyond it producers are told to wait.
    package var backlogLimit = 500_000
    /// Outcomes waiting for the database; beyond it nothing is dispatched.
    package var outboxLimit = 16_384
    /// Accepted keys remembered so that a repeated clip is answered without touching disk or database.
    package var recentKeys = 65_536

    /// Clips one gateway may follow; beyond it, it is told to wait.
    package var followLimit = 16_384
    /// Pieces of content one peer may wait for; beyond it, it is told to wait.
    package var fetchLimit = 4_096
    /// Payload one site may push in a day, bytes; nil for any.
    package var dailySiteBytes: Int?
    /// Sites, and machines of all sites together, from which clips are taken between two starts of the broker.
    package var siteLimit = 4_096
    package var machineLimit = 262_144

    /// When a group of clips is stored or committed together: the first limit reached counts, and an idle lane
    /// takes what there is.
    package var clipGroup = GroupLimits(count: 512, bytes: 8 << 20, age: 4_000)
    package var commitGroup = GroupLimits(count: 1_024, bytes: .max, age: 4_000)
    package var outcomeGroup = GroupLimits(count: 1_024, bytes: .max, age: 4_000)
    package var contentGroup = GroupLimits(count: 64, bytes: 16 << 20, age: 4_000)

    /// Clips of one model handed to one worker in a row.
    package var microBatch = 8
    /// Payload bytes one site may have dispatched before it is the next one's turn.
    package var siteQuantum = 1 << 20
    /// Head start of a clip of higher priority over one of the next lower, in waiting time.
    package var priorityStep: Microseconds = 60_000_000

    package var retry = RetryPolicy()
    /// Pages in which the open clips are read at a start.
    package var recoveryPage = 5_000
    /// How often the broker makes sure that it still leads, and looks up the champions.
    package var renewalInterval: Microseconds = 1_000_000
    /// How often the ledger is told what the workers do.
    package var rosterInterval: Microseconds = 5_000_000
    /// How long it believes that it leads without having been told so again.
    package var trustWindow: Microseconds = 10_000_000
    /// Granularity of liveness, deadlines and retries.
    package var housekeepingInterval: Microseconds = 100_000

    package init() {}

    var liveness: Microseconds { heartbeatInterval * missedHeartbeats }
}

/// When entries waiting for a slow lane are sent there together.
package struct GroupLimits: Sendable {
    package var count: Int
    package var bytes: Int
    package var age: Microseconds

    package init(count: Int, bytes: Int, age: Microseconds) {
        self.count = count
        self.bytes = bytes
        self.age = age
    }
}
