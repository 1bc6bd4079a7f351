package import Plant

// What operators read: one type per view. Times are texts such as `2025-11-25T06:00:00Z`.

/// Waiting clips of one site and machine type.
package struct QueueListing: Hashable, Sendable {
    package let site: String
    package let machineType: String
    package let waiting: Int64
    package let oldestSeconds: Double
    package let isPaused: Bool
}

package struct PauseListing: Hashable, Sendable {
    package let number: Int64
    package let scope: QueueScope
    package let reason: String
    package let pausedBy: String
    package let pausedAt: String
}

package struct DeadLetterListing: Hashable, Sendable {
    package let job: Int64
    package let site: String
    package let machine: String
    package let name: String
    package let key: String
    package let acceptedAt: String
    package let diedAt: String
    package let code: Int
    package let reason: String
    package let attempts: Int
    package let retries: Int64
    package let droppedBy: String?
    package let dropReason: String?
}

package struct AttemptListing: Hashable, Sendable {
    package let attempt: Int
    package let failedAt: String
    package let code: Int
    package let worker: String
    package let reason: String
    /// Who gave the clip another life after this attempt.
    package let revivedBy: String?
}

/// The last minute of the queue.
package struct QueueRates: Hashable, Sendable {
    /// Of a time in milliseconds; nil while nothing was scored.
    package struct Percentiles: Hashable, Sendable {
        package let p50: Double
        package let p95: Double
        package let p99: Double
    }

    package let acceptedPerSecond: Double
    package let scoredPerSecond: Double
    package let queueMilliseconds: Percentiles?
    package let computeMilliseconds: Percentiles?
}

/// The queue at this moment and over the last minute.
package struct QueueStatus: Hashable, Sendable {
    package let waiting: Int64
    package let oldestSeconds: Double
    package let dead: Int64
    package let pauses: Int64
    package let rates: QueueRates
}

/// Which dead letters are meant; nil means any.
package struct DeadLetterFilter: Hashable, Sendable {
    package var site: String?
    package var machineType: String?
    package var code: Int?
    /// Also those an operator is done with.
    package var includesDropped: Bool

    package init(site: String? = nil, machineType: String? = nil, code: Int? = nil, includesDropped: Bool = false) {
        (self.site, self.machineType) = (site, machineType)
        (self.code, self.includesDropped) = (code, includesDropped)
    }
}
